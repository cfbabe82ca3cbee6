import { executeSync, type GraphQLSchema, parse } from 'graphql';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  abstractSdl,
  type Args,
  describeNeeds,
  faceOf,
  keySdl,
  leafResolvers,
  leafSdl,
  type Resolvers,
  typeSdl,
} from './sdl.ts';
import type { Thing, Truth } from './truth.ts';
import type { FieldSpec } from './world.ts';

/**
 * The same graph in one schema. A thing remembers where it came from, as what fails depends on it.
 * Nothing in it waits, so that graphql-js meets errors in the order of the operation, and which of
 * several it tells does not depend on time.
 *
 * Made loose from the strict one, nothing in it is non-null but what derived fields need.
 */
export function buildPlain(truth: Truth, strict?: GraphQLSchema): GraphQLSchema {
  const { world } = truth;
  const indexes = world.subschemas.map(({ index }) => index);
  const query: string[] = ['_at(type: String!, id: ID!, origin: Int!): Anything'];
  const types: string[] = [];
  const resolvers: Resolvers = {
    ...leafResolvers(),
    Query: {
      _at: (_: unknown, { type, id, origin }: { type: string; id: string; origin: number }) =>
        truth.thing(type, id, origin),
    },
  };
  const schema = () => strict ?? plain;
  const add = (
    typeName: string,
    keys: string,
    fields: readonly FieldSpec[],
    from: readonly number[],
  ) => {
    const derived = world.derived.filter((one) => one.entity === typeName);
    const extra = derived.map(({ name }) => `${name}: String`).join(' ');
    types.push(typeSdl(world, null, typeName, `${keys} ${extra}`, fields));
    resolvers[typeName] = {};
    for (const field of fields) {
      resolvers[typeName][field.name] = (thing: Thing, args: Args) =>
        reach(truth, thing, field, args);
    }
    for (const { index, members } of world.subschemas) {
      if (!members.includes(typeName)) continue;
      resolvers[typeName][`face${index}`] = (thing: Thing) =>
        travel(truth, thing, index, () => faceOf(thing));
    }
    for (const { name, needs, selectionSet } of derived) {
      resolvers[typeName][name] = ({ id, origin }: Thing) => {
        const { data } = executeSync({
          schema: schema(),
          document: parse(
            `query ($id: ID!, $origin: Int!) { _at(type: "${typeName}", id: $id, origin: $origin) { ... on ${typeName} ${selectionSet} } }`,
          ),
          variableValues: { id, origin },
        });
        return describeNeeds((data?.['_at'] ?? {}) as object, needs);
      };
    }
    for (const index of from) {
      query.push(`root${typeName}From${index}: [${typeName}!]`);
      resolvers['Query'] = {
        ...resolvers['Query'],
        [`root${typeName}From${index}`]: () => truth.root(index, typeName),
      };
    }
  };
  for (const { name, homes, fields } of world.entities) {
    const keys = [...new Set(homes.flatMap((home) => home.keys))];
    add(
      name,
      keys.map(keySdl).join(' '),
      fields,
      homes.map((home) => home.subschema),
    );
    for (const key of keys) {
      (resolvers[name] ??= {})[key] = (thing: Thing) => reachKey(truth, thing, key);
    }
  }
  for (const { name, subschema, fields } of world.values) add(name, '', fields, [subschema]);
  const all = [...world.entities, ...world.values].map(({ name }) => name).join(' | ');
  const sdl = [
    ...leafSdl,
    `union Anything = ${all}`,
    ...abstractSdl(world, indexes),
    ...types,
    `type Query { ${query.join(' ')} }`,
  ].join('\n');
  const plain = makeExecutableSchema({
    typeDefs: strict ? sdl.replaceAll('!', '') : sdl,
    resolvers,
  });
  return plain;
}

/** A field of a thing as the gateway gets it. */
function reach(truth: Truth, thing: Thing, field: FieldSpec, args: Args): unknown {
  return travel(truth, thing, field.owner, () => truth.value(thing, field, args));
}

/** Goes through the entries between a thing's origin and a subschema: one may fail, or not have it. */
function travel(truth: Truth, thing: Thing, to: number, then: () => unknown): unknown {
  for (const hop of truth.hops(thing.__typename, thing.origin, to)) {
    const failure = truth.entryFailure(thing.__typename, hop);
    if (failure) throw new Error(failure);
    if (truth.missing(thing.__typename, thing.id, hop)) return null;
  }
  return then();
}

function reachKey(truth: Truth, thing: Thing, key: 'id' | 'code' | 'region'): unknown {
  const homes = truth.world.entities.find(({ name }) => name === thing.__typename)?.homes ?? [];
  const knowing = homes.filter((home) => home.keys.includes(key)).map((home) => home.subschema);
  const ways = knowing.map((to) => ({ to, hops: truth.hops(thing.__typename, thing.origin, to) }));
  const nearest = ways.sort((a, b) => a.hops.length - b.hops.length)[0];
  return nearest ? travel(truth, thing, nearest.to, () => thing[key]) : null;
}
