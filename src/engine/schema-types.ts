import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';

/** The definition of a field of an object or interface type, if the schema has it. */
export function fieldIn(
  schema: GraphQLSchema,
  typeName: string,
  fieldName: string,
): GraphQLField<unknown, unknown> | undefined {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[fieldName] : undefined;
}

/** The object types that a type stands for: itself, or what implements it. */
export function concreteTypes(schema: GraphQLSchema, typeName: string): string[] {
  const type: GraphQLNamedType | undefined = schema.getType(typeName);
  if (!isInterfaceType(type)) return [typeName];
  return schema.getPossibleTypes(type).map((possible: GraphQLObjectType) => possible.name);
}

/** Parses `{ id name }`. */
export function parseSelection(text: string): SelectionSetNode {
  const [definition] = parse(text, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) {
    throw new Error(`"${text}" is not a selection set; write it as "{ id }"`);
  }
  return definition.selectionSet;
}
