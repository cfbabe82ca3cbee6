import {
  type DocumentNode,
  GraphQLError,
  type GraphQLField,
  GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  printType,
  specifiedRules,
  validate,
} from 'graphql';
import { type DefinitionPlace, describePlace } from '../definition-place.ts';
import { didYouMean } from '../nearest-name.ts';
import { buildError } from '../subschema/build-error.ts';
import type { BffFields, DerivedDeclaration } from './bff-builder.ts';
import type { Bff } from './define-bff.ts';

type Resolve = (parent: unknown, args: unknown, context: unknown, info: unknown) => unknown;

/** A field of one client, and the part of the graph it is computed from. */
export interface DerivedField {
  /** A selection set on the parent type: `{ delayMinutes origin { city } }`. */
  readonly selectionSet?: string;
  /** On a root: a query over the graph whose variables are the field's arguments. */
  readonly needs?: string;
  readonly resolve: Resolve;
  /** Where it was written, for messages. */
  readonly place: string;
}

/** By type, then by field; for types of the client's own: plain resolvers, scalars, enum values. */
export type ClientResolvers = Record<string, Record<string, unknown>>;

export interface LoweredFields {
  /** SDL: the client's own types, and extensions of the graph's. */
  readonly typeDefs: string;
  readonly resolvers: ClientResolvers;
  /** What the client's builder made; null when it adds nothing. */
  readonly schema: GraphQLSchema | null;
  /** Checks every `needs` against the stitched graph. */
  check(graph: GraphQLSchema): void;
}

interface Needs {
  readonly field: string;
  readonly typeName: string;
  readonly place: DefinitionPlace | null;
  readonly text: string;
  readonly document: DocumentNode;
}

/** Turns what the client's builder made into the type definitions and resolvers that stitching takes. */
export function lowerFields(bff: Bff, subschemas: readonly GraphQLSchema[]): LoweredFields {
  const built = buildClientTypes(bff);
  const shared = new Set(subschemas.flatMap((schema) => Object.keys(schema.getTypeMap())));
  const typeDefs: string[] = [];
  const resolvers: ClientResolvers = {};
  const needs: Needs[] = [];

  for (const type of Object.values(built?.getTypeMap() ?? {})) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    if (isObjectType(type)) {
      const fields = Object.values(type.getFields());
      if (fields.length > 0) {
        const extension = shared.has(type.name) || type.name === 'Query';
        refuseTaken(type, subschemas, bff);
        typeDefs.push(`${extension ? 'extend ' : ''}${printType(type)}`);
        resolvers[type.name] = Object.fromEntries(
          fields.flatMap((field) => {
            const lowered = lowerField(type, field, needs, bff);
            return lowered ? [[field.name, lowered]] : [];
          }),
        );
      }
      continue;
    }
    if (shared.has(type.name)) continue;
    typeDefs.push(printType(type));
    if (isScalarType(type)) resolvers[type.name] = type as unknown as Record<string, unknown>;
    else if (isEnumType(type)) {
      resolvers[type.name] = Object.fromEntries(
        type.getValues().map((value) => [value.name, value.value]),
      );
    } else if (isAbstractType(type) && type.resolveType) {
      resolvers[type.name] = { __resolveType: type.resolveType };
    }
  }
  return {
    typeDefs: typeDefs.join('\n\n'),
    resolvers,
    schema: built,
    check: (graph) => {
      for (const need of needs) checkNeeds(need, graph, bff);
    },
  };
}

const builtSchemas = new WeakMap<object, GraphQLSchema>();

function buildClientTypes(bff: Bff): GraphQLSchema | null {
  const [first, ...others] = bff.fields;
  if (!first) return null;
  const stranger = others.find((fields) => fields.builder !== first.builder);
  if (stranger) {
    throw new Error(
      `${describePlace(stranger.place)}: the fields on ${stranger.typeName} come from another builder than those at ${describePlace(first.place)}; a bff has one builder`,
    );
  }
  const built = builtSchemas.get(first.builder);
  if (built) return built;
  const known = new Set(bff.subschemas.flatMap(({ schema }) => Object.keys(schema.getTypeMap())));
  for (const fields of bff.fields) {
    const clientName = bff.tailor.rename;
    const names = new Set([...known].map((name) => clientName[name] ?? name));
    if (fields.typeName !== 'Query' && !names.has(fields.typeName)) {
      throw new Error(
        `${describePlace(fields.place)}: fieldsOn("${fields.typeName}"): no subschema of the "${bff.name}" bff has that type.${didYouMean(fields.typeName, names)}`,
      );
    }
    fields.apply();
  }
  const schema = build(first.builder, bff);
  builtSchemas.set(first.builder, schema);
  return schema;
}

/** A field that a subschema has already is not the client's to add. */
function refuseTaken(
  type: GraphQLObjectType,
  subschemas: readonly GraphQLSchema[],
  bff: Bff,
): void {
  for (const schema of subschemas) {
    const same = schema.getType(type.name);
    if (!isObjectType(same)) continue;
    const taken = Object.values(type.getFields()).find(({ name }) => name in same.getFields());
    if (taken === undefined) continue;
    const fields = bff.fields.find(({ typeName }) => typeName === type.name);
    const place = declarationOf(taken)?.place ?? fields?.place ?? null;
    throw new Error(
      `${describePlace(place)}: ${type.name}.${taken.name} is a field of the graph already; give this client's field another name`,
    );
  }
}

function build(builder: BffFields['builder'], bff: Bff): GraphQLSchema {
  try {
    return builder.toSchema({ sortSchema: false, disableScopeAuth: true });
  } catch (error) {
    const all = placesOf(bff.fields);
    throw buildError(builder, all, error, (field) => {
      const own = bff.fields.filter(({ typeName }) => field.startsWith(`${typeName}.`));
      return `${own.length === 0 ? all : placesOf(own)}: ${field}`;
    });
  }
}

function placesOf(fields: readonly BffFields[]): string {
  return fields.map(({ place }) => describePlace(place)).join(' or ');
}

function lowerField(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  needs: Needs[],
  bff: Bff,
): DerivedField | Resolve | undefined {
  const declared = declarationOf(field);
  const resolve = field.resolve as Resolve | undefined;
  if (declared?.needs === undefined || !resolve) return resolve;
  const root = type.name === 'Query';
  const text = root
    ? `query${variableDefinitions(field)} ${declared.needs}`
    : `fragment Needs on ${type.name} ${declared.needs}`;
  const { place } = declared;
  const at = {
    field: `${type.name}.${field.name}`,
    typeName: type.name,
    text: declared.needs,
    place,
  };
  try {
    needs.push({ ...at, document: parse(text, { noLocation: false }) });
  } catch (error) {
    throw needsError(at, bff, error instanceof GraphQLError ? error.message : String(error));
  }
  const written = describePlace(place);
  return root
    ? { needs: text, resolve, place: written }
    : { selectionSet: declared.needs, resolve, place: written };
}

/** What `t.derive` declared; of other fields undefined. */
function declarationOf(field: GraphQLField<unknown, unknown>): DerivedDeclaration | undefined {
  return field.extensions['tailorbird'] as DerivedDeclaration | undefined;
}

function variableDefinitions(field: GraphQLField<unknown, unknown>): string {
  if (field.args.length === 0) return '';
  return `(${field.args.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ')})`;
}

const rules = specifiedRules.filter(
  (rule) => !['NoUnusedFragmentsRule', 'NoUnusedVariablesRule'].includes(rule.name),
);

function checkNeeds(needs: Needs, graph: GraphQLSchema, bff: Bff): void {
  const [problem] = validate(graph, needs.document, rules, { maxErrors: 1 });
  if (problem) throw needsError(needs, bff, problem.message);
}

function needsError(needs: Omit<Needs, 'document'>, bff: Bff, problem: string): Error {
  return new Error(
    [
      `${describePlace(needs.place)}: ${needs.field} needs ${needs.text.replace(/\s+/g, ' ')}`,
      problem,
      `Its needs are a selection set on ${needs.typeName}, in the names of the "${bff.name}" graph.`,
    ].join('\n'),
  );
}
