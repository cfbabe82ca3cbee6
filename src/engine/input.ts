import {
  coerceInputValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  typeFromAST,
} from 'graphql';
import type { Place } from './graph.ts';
import type { PlanBody } from './plan.ts';

/** What a client would have sent for a coerced value. */
export function toExternal(type: GraphQLInputType, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (isNonNullType(type)) return toExternal(type.ofType, value);
  if (isListType(type)) {
    return Array.isArray(value) ? value.map((item) => toExternal(type.ofType, item)) : value;
  }
  if (isInputObjectType(type)) {
    const external: Record<string, unknown> = Object.create(null);
    for (const field of Object.values(type.getFields())) {
      const member = (value as Record<string, unknown>)[field.name];
      if (member !== undefined) external[field.name] = toExternal(field.type, member);
    }
    return external;
  }
  return isLeafType(type) ? type.serialize(value) : value;
}

/** Values of the graph's input types as the same-named types of a subschema have them. */
export function translateVariables(
  body: PlanBody,
  scope: number,
  values: Record<string, unknown>,
  place: Place,
): Record<string, unknown> {
  const { schema } = body.graph;
  const source = body.scopes[scope]?.source;
  const types = new Map<string, GraphQLInputType>();
  if (source) for (const argument of source.def.args) types.set(argument.name, argument.type);
  else {
    for (const { variable, type } of body.operation.variableDefinitions ?? []) {
      const known = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
      if (known && isInputType(known)) types.set(variable.name.value, known);
    }
  }
  let translated: Record<string, unknown> | null = null;
  for (const [name, type] of types) {
    const value = values[name];
    const named = getNamedType(type);
    if (value === null || value === undefined || isSpecifiedScalarType(named)) continue;
    const own = place.schema.getType(named.name);
    if (!own || own === named || !isInputType(own)) continue;
    translated ??= { ...values };
    translated[name] = coerceInputValue(toExternal(type, value), rewrap(type, own));
  }
  return translated ?? values;
}

/** The same lists and non-nulls around another named type. */
function rewrap(type: GraphQLInputType, named: GraphQLInputType): GraphQLInputType {
  if (isNonNullType(type)) return rewrap(type.ofType, named);
  if (isListType(type)) return wrapList(type, named);
  return named;
}

function wrapList(type: GraphQLInputType, named: GraphQLInputType): GraphQLInputType {
  const List = type.constructor as new (of: GraphQLInputType) => GraphQLInputType;
  return new List(rewrap((type as { ofType: GraphQLInputType }).ofType, named));
}

/** Arguments that a merge configuration made from keys, coerced as a client's would be. */
export function coerceEntryArgs(
  field: GraphQLField<unknown, unknown>,
  raw: Record<string, unknown>,
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const argument of field.args) {
    const value = raw[argument.name];
    if (value !== undefined) args[argument.name] = coerceArgument(argument, value);
    else if (argument.defaultValue !== undefined) args[argument.name] = argument.defaultValue;
  }
  return args;
}

function coerceArgument(argument: GraphQLArgument, value: unknown): unknown {
  const { type, name } = argument;
  const plain = Array.isArray(value) ? plainItems(argument)(value) : null;
  if (plain !== null) return plain;
  return coerceInputValue(value, type, (_path, _invalid, error) => {
    error.message = `Argument "${name}" of an entry got an invalid value: ${error.message}`;
    throw error;
  });
}

type Coerce = (values: readonly unknown[]) => readonly unknown[] | null;
const coercions = new WeakMap<GraphQLArgument, Coerce>();

/** What coercion makes of a list of usual keys, without asking each of its types; null for other lists. */
function plainItems(argument: GraphQLArgument): Coerce {
  let coerce = coercions.get(argument);
  if (!coerce) {
    const list = isNonNullType(argument.type) ? argument.type.ofType : argument.type;
    const item = isListType(list) ? getNullableType(list.ofType) : null;
    const isText = (value: unknown) => typeof value === 'string';
    const isInt = (value: unknown) => typeof value === 'number' && (value | 0) === value;
    coerce = () => null;
    if (item === GraphQLString) coerce = (values) => (values.every(isText) ? values : null);
    if (item === GraphQLInt) coerce = (values) => (values.every(isInt) ? values : null);
    if (item === GraphQLID) {
      coerce = (values) => {
        if (values.every(isText)) return values;
        return values.every(isInt) ? values.map(String) : null;
      };
    }
    coercions.set(argument, coerce);
  }
  return coerce;
}
