import {
  GraphQLDeferDirective,
  GraphQLStreamDirective,
  MapperKind,
  mapSchema,
  pruneSchema,
} from '@graphql-tools/utils';
import { GraphQLSchema, validateSchema } from 'graphql';
import type { Coordinate } from './coordinates.ts';

/**
 * What the client sees of the stitched graph: without merge entries (names that begin with `_`)
 * and without what it hides. Coordinates are in the client's names.
 */
export function clientSchema(
  graph: GraphQLSchema,
  hidden: readonly Coordinate[],
  at: string,
): GraphQLSchema {
  const types = new Set<string>();
  const members = new Set<string>();
  const args = new Set<string>();
  for (const { typeName, member, argument } of hidden) {
    if (member === null) types.add(typeName);
    else if (argument === null) members.add(`${typeName}.${member}`);
    else args.add(`${typeName}.${member}.${argument}`);
  }
  const isHidden = (name: string, coordinate: string) =>
    name.startsWith('_') || members.has(coordinate);

  const cut = mapSchema(graph, {
    [MapperKind.TYPE]: (type) =>
      types.has(type.name) || (type.name.startsWith('_') && !type.name.startsWith('__'))
        ? null
        : undefined,
    [MapperKind.COMPOSITE_FIELD]: (config, fieldName, typeName) => {
      const coordinate = `${typeName}.${fieldName}`;
      if (isHidden(fieldName, coordinate)) return null;
      const kept = Object.entries(config.args ?? {}).filter(
        ([name]) => !args.has(`${coordinate}.${name}`),
      );
      return kept.length === Object.keys(config.args ?? {}).length
        ? undefined
        : { ...config, args: Object.fromEntries(kept), astNode: undefined };
    },
    [MapperKind.INPUT_OBJECT_FIELD]: (_config, fieldName, typeName) =>
      isHidden(fieldName, `${typeName}.${fieldName}`) ? null : undefined,
    [MapperKind.ENUM_VALUE]: (_config, typeName, _schema, externalValue) =>
      members.has(`${typeName}.${externalValue}`) ? null : undefined,
  });
  const pruned = pruneSchema(cut).toConfig();
  const client = new GraphQLSchema({
    ...pruned,
    directives: [...pruned.directives, GraphQLDeferDirective, GraphQLStreamDirective],
  });
  const [problem] = validateSchema(client);
  if (problem)
    throw new Error(`${at}: what is left for the client is not a schema. ${problem.message}`);
  return client;
}
