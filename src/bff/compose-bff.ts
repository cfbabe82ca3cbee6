import type { SubschemaConfig } from '@graphql-tools/delegate';
import { stitchSchemas } from '@graphql-tools/stitch';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { coerceInputValue, type GraphQLSchema } from 'graphql';
import { describePlace } from '../definition-place.ts';
import { didYouMean } from '../nearest-name.ts';
import { isRemote, subschemaConfig } from '../subschema/define-subschema.ts';
import type { Access } from '../engine/access.ts';
import { checkOwners } from './check-owners.ts';
import { checkReach } from './check-reach.ts';
import { clientSchema } from './client-schema.ts';
import {
  argumentAt,
  assertExists,
  type Coordinate,
  exists,
  parseCoordinate,
} from './coordinates.ts';
import type { Bff } from './define-bff.ts';
import { declaredAccess } from './declared-access.ts';
import { type ClientResolvers, lowerFields } from './lower-fields.ts';
import { referenceResolvers } from './reference-resolvers.ts';
import { requireRules } from './required-rules.ts';
import { tailorMerge, tailorSchema } from './tailor-subschema.ts';

/** A bff put together: what the engine runs, and what the client sees. */
export interface ComposedBff {
  readonly bff: Bff;
  /** The stitched graph, hidden parts included. graphql-js can execute it: the engine's reference. */
  readonly graph: GraphQLSchema;
  /** What this client introspects and is validated against. */
  readonly clientSchema: GraphQLSchema;
  /** The subschemas under this client's names, as they were stitched. */
  readonly subschemas: readonly SubschemaConfig[];
  /** The client's own fields, with what they need. */
  readonly resolvers: ClientResolvers;
  /** Who may read what of the graph. */
  readonly access: Access;
}

const composed = new WeakMap<Bff, ComposedBff>();

/**
 * Stitches the subschemas of `bff`, cuts them for its client and adds its fields. Done once for a
 * bff; opens nothing.
 *
 * Fails with place, rule and nearest name when a merge key, an entry, a `needs`, or a hidden,
 * renamed or defaulted coordinate names what is not there, and when two subschemas disagree.
 */
export function composeBff(bff: Bff): ComposedBff {
  const known = composed.get(bff);
  if (known) return known;
  const at = `${describePlace(bff.place)}: the "${bff.name}" bff`;
  checkSubschemas(bff, at);
  const hidden = checkTailor(bff, at);
  checkOperations(bff, at);

  const subschemas = bff.subschemas.map((subschema) =>
    subschemaConfig(
      subschema,
      tailorSchema(subschema.schema, bff.tailor),
      tailorMerge(subschema.merge, bff.tailor),
    ),
  );
  // After the merges are found right: a misspelt one leaves its type out of reach.
  checkReach(bff.subschemas);
  checkOwners(
    bff.subschemas.map((subschema, index) => ({
      subschema,
      ...(subschemas[index] as SubschemaConfig),
    })),
    hidden,
  );
  const fields = lowerFields(
    bff,
    subschemas.map((subschema) => subschema.schema),
  );
  const graph = stitchSchemas({
    subschemas: [...subschemas],
    typeDefs: fields.typeDefs || undefined,
    resolvers: referenceResolvers(fields.resolvers, subschemas) as never,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  fields.check(graph);
  const access = declaredAccess(graph, [
    ...bff.subschemas.map((subschema, index) => ({
      schema: (subschemas[index] as SubschemaConfig).schema,
      at: describePlace(subschema.place),
      name: `the "${subschema.name}" subschema`,
      extends: false,
    })),
    ...(fields.schema ? [{ schema: fields.schema, at, name: 'the client', extends: true }] : []),
  ]);
  for (const [index, subschema] of bff.subschemas.entries()) {
    requireRules(subschema, subschemas[index] as SubschemaConfig, access);
  }
  const result: ComposedBff = {
    bff,
    graph,
    clientSchema: clientSchema(graph, hidden, at),
    subschemas,
    resolvers: fields.resolvers,
    access,
  };
  composed.set(bff, result);
  return result;
}

function checkSubschemas(bff: Bff, at: string): void {
  if (bff.subschemas.length === 0) throw new Error(`${at} has no subschemas; list at least one`);
  const names = bff.subschemas.map((subschema) => subschema.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new Error(`${at} lists the "${twice}" subschema twice; list it once`);
}

function checkOperations({ operations }: Bff, at: string): void {
  if (operations === null || existsSync(operations)) return;
  const folder = dirname(operations);
  const siblings = existsSync(folder) ? readdirSync(folder) : [];
  throw new Error(
    `${at}: operations names the folder "${relative(process.cwd(), operations)}", which is not there.${didYouMean(basename(operations), siblings)}`,
  );
}

/** Checks every coordinate; gives the hidden ones in the client's names. */
function checkTailor(bff: Bff, at: string): Coordinate[] {
  const schemas = bff.subschemas.map((subschema) => subschema.schema);
  const { hide, rename, defaults } = bff.tailor;
  for (const [option, texts] of Object.entries({
    hide,
    rename: Object.keys(rename),
    defaults: Object.keys(defaults),
  })) {
    for (const text of texts) {
      const coordinate = parseCoordinate(text, `${at}: tailor.${option}`);
      assertExists(coordinate, schemas, `${at}: tailor.${option}`);
      if (option === 'rename' && coordinate.argument !== null) {
        throw new Error(
          `${at}: tailor.rename names the argument "${text}"; only types and fields have new names`,
        );
      }
      if (option === 'defaults' && coordinate.argument === null) {
        throw new Error(`${at}: tailor.defaults names "${text}"; write Type.field.argument`);
      }
    }
  }
  for (const [text, value] of Object.entries(defaults)) {
    const argument = argumentAt(parseCoordinate(text, at), schemas);
    if (argument === null) continue;
    coerceInputValue(value, argument.type, (_path, _value, error) => {
      throw new Error(
        `${at}: tailor.defaults gives "${text}" the value ${JSON.stringify(value)}, which its type ${String(argument.type)} does not take: ${error.message}`,
      );
    });
  }
  for (const subschema of bff.subschemas.filter(isRemote)) {
    const changed = [...Object.keys(rename), ...Object.keys(defaults)].find((text) =>
      exists(parseCoordinate(text, at), [subschema.schema]),
    );
    if (changed === undefined) continue;
    throw new Error(
      `${at}: tailor changes "${changed}", which the GraphQL backend "${subschema.name}" answers under its own name and defaults; hide it and add a field to Query or its type instead`,
    );
  }
  for (const [coordinate, name] of Object.entries(rename)) {
    if (/^[A-Za-z][_A-Za-z0-9]*$/.test(name)) continue;
    throw new Error(
      `${at}: tailor.rename of "${coordinate}" is "${name}", which is not a GraphQL name`,
    );
  }
  return hide.map((text) => {
    const { typeName, member, argument } = parseCoordinate(text, at);
    return {
      text,
      typeName: rename[typeName] ?? typeName,
      member: member === null ? null : (rename[`${typeName}.${member}`] ?? member),
      argument,
    };
  });
}
