import type { MergedTypeEntryPoint, SubschemaConfig } from '@graphql-tools/delegate';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
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
import { readsInfo } from './reads-info.ts';

export type Resolve = (
  source: unknown,
  args: Record<string, unknown>,
  context: unknown,
  info: unknown,
) => unknown;

/** Where objects come from: a subschema, or the gateway itself. */
export interface Place {
  readonly index: number;
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly executor: SubschemaConfig['executor'];
  readonly rootValue: unknown;
  readonly gateway: boolean;
  /** Of a place that only computes: the fields it owns on a merged type. Otherwise null. */
  readonly computes: ReadonlyMap<string, ReadonlyMap<string, SelectionSetNode>> | null;
  /** Fields of this subschema that its computing twin owns, as `Type.field`. */
  readonly ceded: ReadonlySet<string>;
}

/** A way into a place: the root field that turns keys of a type into its objects there. */
export interface Entry {
  readonly place: Place;
  readonly typeName: string;
  readonly fieldName: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly selectionSet: SelectionSetNode;
  /** Whether its resolver can read `info`. */
  readonly readsInfo: boolean;
  readonly list: boolean;
  readonly key: MergedTypeEntryPoint['key'];
  readonly args: MergedTypeEntryPoint['args'];
  readonly argsFromKeys: MergedTypeEntryPoint['argsFromKeys'];
  readonly valuesFromResults: MergedTypeEntryPoint['valuesFromResults'];
}

/** A field that the gateway resolves, and the selection on its parent that it is computed from. */
export interface Derived {
  readonly field: GraphQLField<unknown, unknown>;
  readonly resolve: Resolve | undefined;
  readonly subscribe: Resolve | undefined;
  readonly needs: SelectionSetNode | null;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** What composition says, in the shape that planning asks for. */
export interface Graph {
  readonly schema: GraphQLSchema;
  readonly places: readonly Place[];
  readonly gateway: Place;
  /** By type name: the ways in, in the order of the configuration. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  derived(typeName: string, fieldName: string): Derived | undefined;
  /** The places that can run this field, best first for a root field. */
  owners(typeName: string, fieldName: string): readonly Place[];
}

const noFragments: ReadonlyMap<string, FragmentDefinitionNode> = new Map();

/** Reads a stitched configuration. Throws on what cannot be planned, naming subschema and remedy. */
export function createGraph({ schema, subschemas, resolvers = {} }: EngineOptions): Graph {
  const places: Place[] = [];
  const entries = new Map<string, Entry[]>();
  for (const [index, config] of subschemas.entries()) addSubschema(config, index, places, entries);
  const gateway: Place = {
    index: places.length,
    name: 'gateway',
    schema,
    executor: undefined,
    rootValue: undefined,
    gateway: true,
    computes: null,
    ceded: new Set(),
  };
  const derived = readResolvers(schema, resolvers);
  const owned = new Map<string, readonly Place[]>();
  const roots = new Set(
    [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].map(
      (type) => type?.name,
    ),
  );
  const canonicalFirst = (typeName: string, fieldName: string) => {
    const found = places.filter((place) => ownsField(place, typeName, fieldName));
    if (!roots.has(typeName) || found.length < 2) return found;
    const canonical = found.find((place) => {
      const merge = subschemas[place.index]?.merge?.[typeName];
      return merge?.fields?.[fieldName]?.canonical === true || merge?.canonical === true;
    });
    found.reverse();
    return canonical ? [canonical, ...found.filter((place) => place !== canonical)] : found;
  };
  return {
    schema,
    places,
    gateway,
    entries,
    derived: (typeName, fieldName) => derived.get(`${typeName}.${fieldName}`),
    owners(typeName, fieldName) {
      const id = `${typeName}.${fieldName}`;
      let found = owned.get(id);
      if (found === undefined) owned.set(id, (found = canonicalFirst(typeName, fieldName)));
      return found;
    },
  };
}

/** Whether `place` has that field and answers for it. */
export function ownsField(place: Place, typeName: string, fieldName: string): boolean {
  const computed = place.computes?.get(typeName);
  if (computed) return computed.has(fieldName);
  if (place.ceded.has(`${typeName}.${fieldName}`)) return false;
  return fieldIn(place.schema, typeName, fieldName) !== undefined;
}

/** The definition of a field of an object or interface type, if the schema has it. */
export function fieldIn(
  schema: GraphQLSchema,
  typeName: string,
  fieldName: string,
): GraphQLField<unknown, unknown> | undefined {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[fieldName] : undefined;
}

function addSubschema(
  config: SubschemaConfig,
  configIndex: number,
  places: Place[],
  entries: Map<string, Entry[]>,
): void {
  const name = config.name ?? `subschema ${configIndex + 1}`;
  if (config.transforms && config.transforms.length > 0) {
    throw new Error(
      `${name}: the engine does not plan transforms; give it a schema that already has the final names`,
    );
  }
  if (config.createProxyingResolver) {
    throw new Error(`${name}: createProxyingResolver only serves delegation; leave it out`);
  }
  const computes = new Map<string, Map<string, SelectionSetNode>>();
  const ceded = new Set<string>();
  for (const [typeName, merge] of Object.entries(config.merge ?? {})) {
    for (const [fieldName, field] of Object.entries(merge.fields ?? {})) {
      if (!field.computed || !field.selectionSet) continue;
      let fields = computes.get(typeName);
      if (!fields) computes.set(typeName, (fields = new Map()));
      fields.set(fieldName, parseSelection(field.selectionSet));
      ceded.add(`${typeName}.${fieldName}`);
    }
  }
  const base = {
    name,
    schema: config.schema,
    executor: config.executor,
    rootValue: config.rootValue,
    gateway: false,
  };
  const place: Place = { ...base, index: places.length, computes: null, ceded };
  places.push(place);
  let twin: Place | null = null;
  if (computes.size > 0) {
    twin = { ...base, index: places.length, computes, ceded: new Set() };
    places.push(twin);
  }
  for (const [typeName, merge] of Object.entries(config.merge ?? {})) {
    const points = merge.entryPoints ?? [merge];
    const targets = concreteTypes(config.schema, typeName);
    for (const point of points) {
      if (point.fieldName === undefined && point.resolve === undefined) continue;
      for (const target of targets) {
        const entry = readEntry(place, target, point, name);
        push(entries, target, entry);
        if (twin && computes.has(typeName)) push(entries, target, { ...entry, place: twin });
      }
    }
  }
}

function readEntry(
  place: Place,
  typeName: string,
  point: MergedTypeEntryPoint,
  name: string,
): Entry {
  if (point.resolve) {
    throw new Error(
      `${name}: merge.${typeName}.resolve cannot be planned; name the entry with fieldName and argsFromKeys or args`,
    );
  }
  const { fieldName = '', selectionSet } = point;
  const field = place.schema.getQueryType()?.getFields()[fieldName];
  if (!field) {
    throw new Error(
      `${name}: merge.${typeName}.fieldName "${fieldName}" is not a field of its Query`,
    );
  }
  if (selectionSet === undefined) {
    throw new Error(`${name}: merge.${typeName} has no selectionSet; name the key, as in "{ id }"`);
  }
  return {
    place,
    typeName,
    fieldName,
    field,
    selectionSet: parseSelection(selectionSet),
    readsInfo: field.resolve === undefined || readsInfo(field.resolve as Resolve),
    list: point.argsFromKeys !== undefined,
    key: point.key,
    args: point.args,
    argsFromKeys: point.argsFromKeys,
    valuesFromResults: point.valuesFromResults,
  };
}

/** Object types that an entry for `typeName` leads to: itself, or what implements it. */
function concreteTypes(schema: GraphQLSchema, typeName: string): string[] {
  const type: GraphQLNamedType | undefined = schema.getType(typeName);
  if (!isInterfaceType(type)) return [typeName];
  return schema.getPossibleTypes(type).map((possible: GraphQLObjectType) => possible.name);
}

function readResolvers(
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
    };
  }
  const { selectionSet, needs, resolve, subscribe } = member as {
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
  return { field, resolve, subscribe, needs: selection, fragments };
}

/** Derived fields may need each other, but never themselves. */
function refuseCycles(derived: ReadonlyMap<string, Derived>, schema: GraphQLSchema): void {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    if (open.includes(id)) {
      throw new Error(
        `${id} needs itself (${[...open.slice(open.indexOf(id)), id].join(' → ')}); take one of these out of its needs`,
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

/** Parses `{ id name }`. */
export function parseSelection(text: string): SelectionSetNode {
  const [definition] = parse(text, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) {
    throw new Error(`"${text}" is not a selection set; write it as "{ id }"`);
  }
  return definition.selectionSet;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
