import { execute, executeSync, GraphQLScalarType, type GraphQLSchema, parse } from 'graphql';
import type { SubschemaConfig } from '@graphql-tools/delegate';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import { type Thing, Truth } from './truth.ts';
import type { EntitySpec, FieldSpec, HomeSpec, World } from './world.ts';

type Args = Record<string, unknown>;
type Resolver = (parent: Thing, args: Args) => unknown;
type Resolvers = Record<string, Record<string, unknown>>;

export interface Built {
  readonly subschemas: SubschemaConfig[];
  readonly stitched: GraphQLSchema;
  readonly plain: GraphQLSchema;
  /** The plain schema without its non-nulls: each error stays where it happens. */
  readonly loose: () => GraphQLSchema;
  readonly resolvers: Record<string, Record<string, { selectionSet: string; resolve: Resolver }>>;
  /** Calls of entries so far, by subschema. */
  readonly calls: string[];
}

/** The subschemas of a world, stitched, and the same graph as one plain schema. */
export function buildWorld(world: World): Built {
  const truth = new Truth(world);
  const calls: string[] = [];
  const subschemas = world.subschemas.map(({ index, remote }) =>
    buildSubschema(truth, index, remote, calls),
  );
  const resolvers: Built['resolvers'] = {};
  const extensions: string[] = [];
  for (const { entity, name, needs, selectionSet } of world.derived) {
    resolvers[entity] = { [name]: { selectionSet, resolve: (parent) => describe(parent, needs) } };
    extensions.push(`extend type ${entity} { ${name}: String }`);
  }
  const stitched = stitchSchemas({
    subschemas,
    ...(extensions.length > 0 ? { typeDefs: extensions.join('\n'), resolvers } : {}),
  });
  const plain = buildPlain(truth);
  const loose = () => buildPlain(truth, plain);
  return { subschemas, stitched, plain, loose, resolvers, calls };
}

function describe(parent: object, needs: readonly string[]): string {
  return JSON.stringify(needs.map((name) => (parent as Args)[name] ?? null));
}

function buildSubschema(
  truth: Truth,
  index: number,
  remote: boolean,
  calls: string[],
): SubschemaConfig {
  const { world } = truth;
  const query: string[] = [`ping${index}: String`];
  const types: string[] = [];
  const resolvers: Resolvers = { Query: {}, ...leafResolvers() };
  const merge: NonNullable<SubschemaConfig['merge']> = {};
  const columns: { type: string; field: FieldSpec }[] = [];
  const add = (typeName: string, keys: string, fields: readonly FieldSpec[]) => {
    types.push(typeSdl(world, index, typeName, keys, fields));
    resolvers[typeName] = {};
    if (world.subschemas[index]?.members.includes(typeName)) {
      resolvers[typeName][`face${index}`] = faceOf;
    }
    for (const field of fields) {
      if (field.how === 'column' && !remote) columns.push({ type: typeName, field });
      if (field.how !== 'property' || field.args) {
        resolvers[typeName][field.name] = (thing: Thing, args: Args) =>
          later(world, () => hand(truth, thing, field, args, index));
      }
    }
    query.push(`root${typeName}From${index}: [${typeName}!]`);
    resolvers['Query'] = {
      ...resolvers['Query'],
      [`root${typeName}From${index}`]: () =>
        later(world, () =>
          truth.root(index, typeName).map((thing) => withProperties(truth, thing, index)),
        ),
    };
  };
  for (const entity of world.entities) {
    const home = entity.homes.find((one) => one.subschema === index);
    if (!home) continue;
    const own = entity.fields.filter((field) => field.owner === index);
    add(entity.name, home.keys.map(keySdl).join(' '), own);
    merge[entity.name] = mergeOf(truth, entity, home, query, resolvers, calls);
  }
  for (const value of world.values) {
    if (value.subschema === index) add(value.name, '', value.fields);
  }
  const schema = makeExecutableSchema({
    typeDefs: [
      ...leafSdl,
      ...keySdls(world, index),
      ...abstractSdl(world, [index]),
      ...types,
      `type Query { ${query.join(' ')} }`,
    ],
    resolvers,
  });
  for (const { type, field } of columns) declareColumn(truth, schema, type, field, index);
  return {
    name: `sub${index}`,
    schema,
    merge,
    ...(remote
      ? {
          executor: ({ document, variables, context }) =>
            execute({
              schema,
              document,
              variableValues: variables ?? {},
              contextValue: context,
            }) as never,
        }
      : {}),
  };
}

/** Gives a field of an in-process schema one call for the layer beside its resolver. */
function declareColumn(
  truth: Truth,
  schema: GraphQLSchema,
  typeName: string,
  field: FieldSpec,
  index: number,
): void {
  const type = schema.getType(typeName) as { getFields(): Record<string, { extensions: object }> };
  const definition = type.getFields()[field.name];
  if (!definition) return;
  definition.extensions = {
    tailorbird: {
      column: (parents: readonly Thing[], args: Args) =>
        parents.map((thing) => {
          try {
            return hand(truth, thing, field, args, index);
          } catch (error) {
            return error;
          }
        }),
    },
  };
}

function mergeOf(
  truth: Truth,
  { name }: EntitySpec,
  { subschema, entries }: HomeSpec,
  query: string[],
  resolvers: Resolvers,
  calls: string[],
): NonNullable<SubschemaConfig['merge']>[string] {
  const points = entries.map((keys) => {
    const fieldName = `_${name}By${keys.join('And')}`;
    const pair = keys.length > 1;
    query.push(`${fieldName}${subschema}(keys: [${pair ? `${name}Key` : 'ID'}!]!): [${name}]`);
    resolvers['Query'] = {
      ...resolvers['Query'],
      [`${fieldName}${subschema}`]: (_: unknown, args: { keys: readonly unknown[] }) => {
        calls.push(
          `${fieldName}${subschema} ${args.keys.map((key) => JSON.stringify(key)).join()}`,
        );
        return later(truth.world, () => {
          const failure = truth.entryFailure(name, subschema);
          if (failure) throw new Error(failure);
          return args.keys.map((key) => {
            const id = truth.idOf(pair ? (key as Args) : { [keys[0] as string]: key });
            if (truth.missing(name, id, subschema)) return null;
            return withProperties(truth, truth.thing(name, id, subschema), subschema);
          });
        });
      },
    };
    return {
      selectionSet: `{ ${keys.join(' ')} }`,
      fieldName: `${fieldName}${subschema}`,
      key: (thing: Args) =>
        pair ? { id: thing['id'], region: thing['region'] } : thing[keys[0] as string],
      argsFromKeys: (all: readonly unknown[]) => ({ keys: all }),
    };
  });
  const [only] = points;
  return points.length === 1 && only ? only : { entryPoints: points };
}

/** What a subschema's resolver for a field gives: things carry what is read as a property. */
function hand(truth: Truth, thing: Thing, field: FieldSpec, args: Args, index: number): unknown {
  const dress = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(dress);
    if (typeof value !== 'object' || value === null || value instanceof Error) return value;
    return withProperties(truth, value as Thing, index);
  };
  return dress(truth.value(thing, field, args));
}

function withProperties(truth: Truth, thing: Thing, index: number): Thing {
  const dressed: Args = { ...thing };
  for (const field of fieldsOf(truth.world, thing.__typename)) {
    if (field.owner !== index || field.how !== 'property' || field.args) continue;
    try {
      dressed[field.name] = truth.value(thing, field, {});
    } catch (error) {
      dressed[field.name] = error;
    }
  }
  return dressed as unknown as Thing;
}

/**
 * The same graph in one schema. A thing remembers where it came from, as what fails depends on it.
 * Nothing in it waits, so that graphql-js meets errors in the order of the operation, and which of
 * several it tells does not depend on time.
 *
 * Made loose from the strict one, nothing in it is non-null but what derived fields need.
 */
function buildPlain(truth: Truth, strict?: GraphQLSchema): GraphQLSchema {
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
        return describe((data?.['_at'] ?? {}) as object, needs);
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

function later(world: World, make: () => unknown): unknown {
  return world.async ? Promise.resolve().then(make) : make();
}

function fieldsOf({ entities, values }: World, typeName: string): readonly FieldSpec[] {
  return [...entities, ...values].find(({ name }) => name === typeName)?.fields ?? [];
}

const faceOf = ({ __typename, id }: Thing) => `face of ${__typename} ${id}`;
const keySdl = (key: string) => (key === 'id' ? 'id: ID!' : `${key}: ID`);
const leafSdl = ['scalar Shout', 'enum Mood { GOOD BAD }'];

function leafResolvers(): Resolvers {
  const Shout = new GraphQLScalarType({
    name: 'Shout',
    serialize: (value) => String(value).toUpperCase(),
    parseValue: (value) => value,
  });
  return { Shout, Mood: { GOOD: 'good', BAD: 'bad' } } as unknown as Resolvers;
}

function keySdls({ entities }: World, index: number): string[] {
  return entities
    .filter(({ homes }) => homes.some((one) => one.subschema === index && one.keys.length > 1))
    .map(({ name }) => `input ${name}Key { id: ID! region: ID! }`);
}

function abstractSdl({ subschemas }: World, indexes: readonly number[]): string[] {
  return indexes.flatMap((index) => {
    const members = subschemas[index]?.members ?? [];
    if (members.length === 0) return [];
    return [
      `union Union${index} = ${members.join(' | ')}`,
      `interface Face${index} { face${index}: String }`,
    ];
  });
}

function typeSdl(
  world: World,
  index: number | null,
  typeName: string,
  keys: string,
  fields: readonly FieldSpec[],
): string {
  const faces = world.subschemas.filter(
    (one) => (index === null || one.index === index) && one.members.includes(typeName),
  );
  const implemented =
    faces.length > 0 ? ` implements ${faces.map((one) => `Face${one.index}`).join(' & ')}` : '';
  const own = fields.map(
    ({ name, type, args }) => `${name}${args ? '(text: String = "t", number: Int)' : ''}: ${type}`,
  );
  const face = faces.map((one) => `face${one.index}: String`);
  return `type ${typeName}${implemented} { ${[keys, ...own, ...face].join(' ')} }`;
}
