import type { MergedTypeConfig } from '@graphql-tools/delegate';
import {
  type GraphQLArgument,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql';
import { type DefinitionPlace, describePlace } from '../definition-place.ts';
import { didYouMean } from '../nearest-name.ts';

/** How one type is joined across subschemas. */
export interface MergeOptions {
  /** The field that identifies an object, or several: `'iata'`, `'tenant id'`. */
  readonly key: string;
  /**
   * The root field that finds objects of this type by a list of keys, in the order asked, null
   * for a gap: `_airportsByIata(iatas: [ID!]!): [Airport]!`. With several key fields the list
   * is of input objects with a field each. Names that begin with `_` are hidden from clients.
   */
  readonly entry: string;
}

interface Named {
  readonly name: string;
  readonly place: DefinitionPlace | null;
}

/** Checks `merge` against `schema` and writes it the way `stitchSchemas` takes it. */
export function lowerMerge(
  subschema: Named,
  schema: GraphQLSchema,
  merge: Readonly<Record<string, MergeOptions>>,
): Record<string, MergedTypeConfig> {
  const lowered: Record<string, MergedTypeConfig> = {};
  for (const [typeName, options] of Object.entries(merge)) {
    const at = `${describePlace(subschema.place)}: merge.${typeName} of the "${subschema.name}" subschema`;
    const type = mergedType(schema, typeName, at);
    const keyFields = keyFieldNames(type, options.key, at);
    const argument = entryArgument(schema, type, options.entry, at);
    lowered[typeName] = {
      selectionSet: `{ ${keyFields.join(' ')} }`,
      fieldName: options.entry,
      key: keyOf(keyFields),
      argsFromKeys: (keys) => ({ [argument.name]: keys }),
    };
  }
  return lowered;
}

function mergedType(schema: GraphQLSchema, typeName: string, at: string): GraphQLObjectType {
  const type = schema.getType(typeName);
  if (isObjectType(type)) return type;
  const objectTypes = Object.values(schema.getTypeMap()).filter(isObjectType);
  const hint = didYouMean(
    typeName,
    objectTypes.map((candidate) => candidate.name),
  );
  throw new Error(
    `${at} names a type that this subschema does not have.${hint || remedy(schema, typeName)}`,
  );
}

/** A Pothos type that is left out by its file, or one that the SDL does not have. */
function remedy(schema: GraphQLSchema, typeName: string): string {
  return 'pothosOptions' in (schema.getQueryType()?.extensions ?? {})
    ? ' Import the file that implements it.'
    : ` Add type ${typeName} to its SDL, or leave it out of merge.`;
}

function keyFieldNames(type: GraphQLObjectType, key: string, at: string): string[] {
  const names = key.split(/[\s,{}]+/).filter(Boolean);
  if (names.length === 0)
    throw new Error(`${at} has an empty key; name the field that identifies it.`);
  for (const name of names) {
    if (type.getFields()[name]) continue;
    throw new Error(
      `${at} has the key "${name}", which is not a field of ${type.name}.${didYouMean(name, Object.keys(type.getFields()))}`,
    );
  }
  return names;
}

function entryArgument(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  entry: string,
  at: string,
): GraphQLArgument {
  const roots = schema.getQueryType()?.getFields() ?? {};
  const field = roots[entry];
  if (!field) {
    throw new Error(
      `${at} has the entry "${entry}", which is not a root field of this subschema.${didYouMean(entry, Object.keys(roots))}`,
    );
  }
  const list = getNullableType(field.type);
  if (!isListType(list) || getNullableType(list.ofType) !== type) {
    throw new Error(
      `${at}: the entry "${entry}" returns ${String(field.type)}; it must return [${type.name}]!, one for each key, null for a gap.`,
    );
  }
  const lists = field.args.filter((argument) => isListType(getNullableType(argument.type)));
  const [argument] = lists;
  if (lists.length !== 1 || !argument) {
    throw new Error(
      `${at}: the entry "${entry}" has ${lists.length} list arguments; it must have exactly one, for the keys.`,
    );
  }
  return argument;
}

function keyOf(keyFields: readonly string[]): (object: Record<string, unknown>) => unknown {
  const [only] = keyFields;
  if (keyFields.length === 1 && only !== undefined) return (object) => object[only];
  return (object) => Object.fromEntries(keyFields.map((name) => [name, object[name]]));
}
