import type { SubschemaConfig } from '@graphql-tools/delegate';
import {
  type GraphQLField,
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

/** A field where one subschema has it. */
interface Definition {
  readonly owner: Owner;
  readonly field: Field;
}

/**
 * A root field has one subschema to answer it, and a field one type: of several the last would hold,
 * in silence. Entries are each subschema's own: those whose names begin with `_`, and others that the
 * client hides. A field that says `shared` in its extensions is the same wherever it is.
 *
 * Fails: Error naming both subschemas, and the remedy.
 */
export function checkOwners(owners: readonly Owner[], hidden: readonly Coordinate[]): void {
  const roots = new Map<string, Definition[]>();
  const fields = new Map<string, Definition>();
  for (const owner of owners) {
    const { schema } = owner;
    const rootTypes = new Set<unknown>();
    for (const operation of Object.values(OperationTypeNode)) {
      const type = schema.getRootType(operation);
      rootTypes.add(type);
      for (const field of Object.values(type?.getFields() ?? {})) {
        if (field.name.startsWith('_')) continue;
        const same = roots.get(`${operation} ${field.name}`) ?? [];
        roots.set(`${operation} ${field.name}`, same);
        for (const earlier of same) {
          checkRoot(earlier, { owner, field }, `${type?.name}.${field.name}`, hidden);
        }
        same.push({ owner, field });
      }
    }
    for (const type of Object.values(schema.getTypeMap())) {
      if (!(isObjectType(type) || isInterfaceType(type))) continue;
      if (rootTypes.has(type) || type.name.startsWith('__')) continue;
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`;
        const first = fields.get(coordinate);
        if (first === undefined) fields.set(coordinate, { owner, field });
        else checkType(first, { owner, field }, coordinate);
      }
    }
  }
}

function checkRoot(
  one: Definition,
  other: Definition,
  coordinate: string,
  hidden: readonly Coordinate[],
): void {
  if (isShared(one.field) && isShared(other.field)) return;
  const entry = isEntry(one) || isEntry(other);
  if (entry && hidden.some(({ typeName, member }) => `${typeName}.${member}` === coordinate)) {
    return;
  }
  throw new Error(
    `${describePlace(other.owner.subschema.place)}: the root field ${coordinate} is in the ${named(one)} and in the ${named(other)}, and one has to answer it; ${entry ? `as the entry of a merge, hide it: tailor: { hide: ['${coordinate}'] }` : remedy(one, other)}`,
  );
}

function checkType(one: Definition, other: Definition, coordinate: string): void {
  if (String(one.field.type) === String(other.field.type)) return;
  throw new Error(
    `${describePlace(other.owner.subschema.place)}: ${coordinate} is ${String(one.field.type)} in the ${named(one)} and ${String(other.field.type)} in the ${named(other)}; give it one type, or ${remedy(one, other)}`,
  );
}

function isEntry({ owner, field }: Definition): boolean {
  return Object.values(owner.merge ?? {}).some(({ fieldName }) => fieldName === field.name);
}

function isShared(field: Field): boolean {
  return (field.extensions['tailorbird'] as { shared?: boolean } | undefined)?.shared === true;
}

function named({ owner: { subschema } }: Definition): string {
  return `"${subschema.name}" subschema (${describePlace(subschema.place)})`;
}

function remedy(...definitions: readonly Definition[]): string {
  const services = definitions.filter(({ owner }) => isRemote(owner.subschema));
  const files = services.map(({ owner }) => `the schema.graphql of "${owner.subschema.name}"`);
  const by = files.length === 0 ? '' : ` (delete it from ${files.join(' or ')})`;
  return `leave it out of one${by}`;
}
