import { execute, type GraphQLSchema } from 'graphql';
import type { SubschemaConfig } from '@graphql-tools/delegate';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  abstractSdl,
  type Args,
  faceOf,
  keySdl,
  keySdls,
  leafResolvers,
  leafSdl,
  type Resolvers,
  typeSdl,
} from './sdl.ts';
import type { Thing, Truth } from './truth.ts';
import type { EntitySpec, FieldSpec, HomeSpec, World } from './world.ts';

/** One subschema of a world; its entries note their calls. */
export function buildSubschema(
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

function later(world: World, make: () => unknown): unknown {
  return world.async ? Promise.resolve().then(make) : make();
}

function fieldsOf({ entities, values }: World, typeName: string): readonly FieldSpec[] {
  return [...entities, ...values].find(({ name }) => name === typeName)?.fields ?? [];
}
