import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { EngineOptions } from './engine.ts';
import type { Resolve } from './graph.ts';
import { concreteTypes, fieldIn, parseSelection } from './schema-types.ts';

/** A field that the gateway resolves, and the selection on its parent that it is computed from. */
export interface Derived {
  readonly field: GraphQLField<unknown, unknown>;
  readonly resolve: Resolve | undefined;
  readonly subscribe: Resolve | undefined;
  readonly needs: SelectionSetNode | null;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly place: string | undefined;
}

const noFragments: ReadonlyMap<string, FragmentDefinitionNode> = new Map();

/** The gateway's resolvers by `Type.field`. Throws where one cannot be planned. */
export function readResolvers(
  schema: GraphQLSchema,
  resolvers: NonNullable<EngineOptions['resolvers']>,
): Map<string, Derived> {
  const derived = new Map<string, Derived>();
  for (const [typeName, members] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const [fieldName, member] of Object.entries(members as Record<string, unknown>)) {
      const field = type.getFields()[fieldName];
      if (!field || member === undefined || member === null) continue;
      const read = readMember(member, field, `${typeName}.${fieldName}`);
      for (const target of concreteTypes(schema, typeName)) {
        const own = fieldIn(schema, target, fieldName);
        const id = `${target}.${fieldName}`;
        if (own && (target === typeName || !derived.has(id)))
          derived.set(id, { ...read, field: own });
      }
    }
  }
  refuseCycles(derived, schema);
  return derived;
}

function readMember(member: unknown, field: GraphQLField<unknown, unknown>, id: string): Derived {
  if (typeof member === 'function') {
    return {
      field,
      resolve: member as Resolve,
      subscribe: undefined,
      needs: null,
      fragments: noFragments,
      place: undefined,
    };
  }
  const { selectionSet, needs, resolve, subscribe, place } = member as {
    place?: string;
    selectionSet?: unknown;
    needs?: string | DocumentNode;
    resolve?: Resolve;
    subscribe?: Resolve;
  };
  if (typeof selectionSet === 'function') {
    throw new Error(
      `${id}: a selectionSet function cannot be planned; write the selection set out`,
    );
  }
  let selection = typeof selectionSet === 'string' ? parseSelection(selectionSet) : null;
  let fragments = noFragments;
  if (needs !== undefined) {
    const document = typeof needs === 'string' ? parse(needs, { noLocation: true }) : needs;
    const own = new Map<string, FragmentDefinitionNode>();
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) own.set(definition.name.value, definition);
      if (definition.kind === Kind.OPERATION_DEFINITION) selection = definition.selectionSet;
    }
    fragments = own;
  }
  return { field, resolve, subscribe, needs: selection, fragments, place };
}

/** Derived fields may need each other, but never themselves. */
function refuseCycles(derived: ReadonlyMap<string, Derived>, schema: GraphQLSchema): void {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    if (open.includes(id)) {
      const at = derived.get(id)?.place;
      throw new Error(
        `${at === undefined ? '' : `${at}: `}${id} needs itself (${[...open.slice(open.indexOf(id)), id].join(' → ')}); take one of these out of its needs`,
      );
    }
    const field = derived.get(id);
    if (field?.needs) {
      open.push(id);
      walk(field.needs, id.split('.')[0] ?? '', field.fragments);
      open.pop();
    }
    done.add(id);
  };
  const walk = (
    set: SelectionSetNode,
    typeName: string,
    fragments: Derived['fragments'],
    spread: readonly string[] = [],
  ): void => {
    for (const node of set.selections) {
      const inner = innerOf(node, typeName, fragments, schema);
      if (!inner || spread.includes(inner.fragment)) continue;
      if (node.kind === Kind.FIELD) {
        for (const target of concreteTypes(schema, typeName)) visit(`${target}.${node.name.value}`);
      }
      const names = inner.fragment === '' ? spread : [...spread, inner.fragment];
      if (inner.set) walk(inner.set, inner.typeName, fragments, names);
    }
  };
  for (const id of derived.keys()) visit(id);
}

function innerOf(
  node: SelectionNode,
  typeName: string,
  fragments: Derived['fragments'],
  schema: GraphQLSchema,
): { set: SelectionSetNode | undefined; typeName: string; fragment: string } | null {
  if (node.kind === Kind.FRAGMENT_SPREAD) {
    const fragment = fragments.get(node.name.value);
    if (!fragment) return null;
    const on = fragment.typeCondition.name.value;
    return { set: fragment.selectionSet, typeName: on, fragment: node.name.value };
  }
  if (node.kind === Kind.INLINE_FRAGMENT) {
    const on = node.typeCondition?.name.value ?? typeName;
    return { set: node.selectionSet, typeName: on, fragment: '' };
  }
  const field = fieldIn(schema, typeName, node.name.value);
  const type = field ? getNamedType(field.type) : undefined;
  return {
    set: type && isCompositeType(type) ? node.selectionSet : undefined,
    typeName: type?.name ?? '',
    fragment: '',
  };
}
