import type { SubschemaConfig } from '@graphql-tools/delegate';
import {
  type GraphQLField,
  type GraphQLFieldMap,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  OperationTypeNode,
} from 'graphql';
import { describePlace } from '../definition-place.ts';
import type { Coordinate } from './coordinates.ts';
import { isRemote, type Subschema } from '../subschema/define-subschema.ts';

/** A subschema, and what it is under the client's names. */
interface Owner {
  readonly subschema: Subschema;
  readonly schema: GraphQLSchema;
  readonly merge?: SubschemaConfig['merge'];
}

type Field = GraphQLField<unknown, unknown>;

/**
 * A root field has one subschema to answer it, and a field one type: of several the last would hold,
 * in silence. Entries are each subschema's own: those whose names begin with `_`, and others that the
 * client hides. A field that says `shared` in its extensions is the same wherever it is.
 *
 * Fails: Error naming both subschemas, and the remedy.
 */
export function checkOwners(owners: readonly Owner[], hidden: readonly Coordinate[]): void {
  for (const [index, owner] of owners.entries()) {
    for (const earlier of owners.slice(0, index)) {
      checkRoots(earlier, owner, hidden);
      checkTypes(earlier, owner);
    }
  }
}

function checkRoots(one: Owner, other: Owner, hidden: readonly Coordinate[]): void {
  for (const operation of Object.values(OperationTypeNode)) {
    const type = other.schema.getRootType(operation);
    const known = one.schema.getRootType(operation)?.getFields() ?? {};
    for (const field of Object.values(type?.getFields() ?? {})) {
      const same = known[field.name];
      if (same === undefined || field.name.startsWith('_')) continue;
      if (isShared(field) && isShared(same)) continue;
      const entry = isEntry(one, field) || isEntry(other, field);
      const coordinate = `${type?.name}.${field.name}`;
      if (entry && hidden.some(({ typeName, member }) => `${typeName}.${member}` === coordinate))
        continue;
      throw new Error(
        `${describePlace(other.subschema.place)}: the root field ${coordinate} is in the ${named(one)} and in the ${named(other)}, and one has to answer it; ${entry ? `as the entry of a merge, hide it: tailor: { hide: ['${coordinate}'] }` : remedy(one, other)}`,
      );
    }
  }
}

function checkTypes(one: Owner, other: Owner): void {
  for (const type of Object.values(other.schema.getTypeMap())) {
    const known = fieldsOf(one.schema, type.name);
    for (const field of Object.values(fieldsOf(other.schema, type.name))) {
      const same = known[field.name];
      if (same === undefined || String(same.type) === String(field.type)) continue;
      throw new Error(
        `${describePlace(other.subschema.place)}: ${type.name}.${field.name} is ${String(same.type)} in the ${named(one)} and ${String(field.type)} in the ${named(other)}; give it one type, or ${remedy(one, other)}`,
      );
    }
  }
}

/** The fields of an object or interface that is no root. */
function fieldsOf(schema: GraphQLSchema, typeName: string): GraphQLFieldMap<unknown, unknown> {
  const type = schema.getType(typeName);
  if (typeName.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) return {};
  const roots = Object.values(OperationTypeNode).map((operation) => schema.getRootType(operation));
  return roots.some((root) => root === type) ? {} : type.getFields();
}

function isEntry({ merge }: Owner, { name }: Field): boolean {
  return Object.values(merge ?? {}).some(({ fieldName }) => fieldName === name);
}

function isShared(field: Field): boolean {
  return (field.extensions['tailorbird'] as { shared?: boolean } | undefined)?.shared === true;
}

function named({ subschema: { name, place } }: Owner): string {
  return `"${name}" subschema (${describePlace(place)})`;
}

function remedy(...owners: readonly Owner[]): string {
  const services = owners.filter(({ subschema }) => isRemote(subschema));
  const files = services.map(({ subschema }) => `the schema.graphql of "${subschema.name}"`);
  const by = files.length === 0 ? '' : ` (delete it from ${files.join(' or ')})`;
  return `leave it out of one${by}`;
}
