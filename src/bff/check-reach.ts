import {
  getNamedType,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { describePlace } from '../definition-place.ts';
import type { Subschema } from '../subschema/define-subschema.ts';

/**
 * Every field of a type must be reachable from each subschema that gives objects of the type: where
 * its own subschema has no key for it, the field would be missing from theirs.
 *
 * Fails: Error with the place, the field and the remedy.
 */
export function checkReach(subschemas: readonly Subschema[]): void {
  for (const subschema of subschemas) {
    for (const type of Object.values(subschema.schema.getTypeMap())) {
      if (!isObjectType(type) || isIntrospectionType(type) || type.name in subschema.merge)
        continue;
      if (rootTypesOf(subschema.schema).includes(type)) continue;
      const others = subschemas
        .filter((other) => other !== subschema && gives(other.schema, type.name))
        .map(({ schema }) => schema.getType(type.name))
        .filter(isObjectType);
      const own = Object.keys(type.getFields()).find(
        (name) =>
          others.some((other) => !(name in other.getFields())) &&
          !subschemas.some((other) => reaches(other, type.name, name)),
      );
      if (own === undefined) continue;
      throw new Error(
        `${describePlace(subschema.place)}: ${type.name}.${own} of the "${subschema.name}" subschema cannot be reached from the others that have ${type.name}; add merge: { ${type.name}: { key, entry } }`,
      );
    }
  }
}

/** Whether a subschema has the field for whoever has the type's key. */
function reaches({ schema, merge }: Subschema, typeName: string, name: string): boolean {
  const type = schema.getType(typeName);
  return typeName in merge && isObjectType(type) && name in type.getFields();
}

/** Whether a client gets objects of the type from a schema, otherwise than by a hidden entry. */
function gives(schema: GraphQLSchema, typeName: string): boolean {
  if (schema.getType(typeName) === undefined) return false;
  const query = schema.getQueryType();
  return Object.values(schema.getTypeMap()).some(
    (type) =>
      (isObjectType(type) || isInterfaceType(type)) &&
      Object.values(type.getFields()).some((field) => {
        if (type === query && field.name.startsWith('_')) return false;
        const named = getNamedType(field.type);
        if (named.name === typeName) return true;
        if (!isAbstractType(named)) return false;
        return schema.getPossibleTypes(named).some(({ name }) => name === typeName);
      }),
  );
}

function rootTypesOf(schema: GraphQLSchema) {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
}
