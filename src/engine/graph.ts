import type { MergedTypeEntryPoint, SubschemaConfig } from '@graphql-tools/delegate';
import type { GraphQLField, GraphQLSchema, SelectionSetNode } from 'graphql';
import { type Access, noAccess } from './access.ts';
import type { EngineOptions } from './engine.ts';
import { type Derived, readResolvers } from './derived.ts';
import { FieldRules } from './field-rules.ts';
import { readsInfo } from './reads-info.ts';
import { concreteTypes, fieldIn, parseSelection } from './schema-types.ts';

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

/** What composition says, in the shape that planning asks for. */
export interface Graph {
  readonly schema: GraphQLSchema;
  readonly places: readonly Place[];
  readonly gateway: Place;
  /** By type name: the ways in, in the order of the configuration. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  readonly access: Access;
  readonly rules: FieldRules;
  derived(typeName: string, fieldName: string): Derived | undefined;
  /** The places that can run this field, best first for a root field. */
  owners(typeName: string, fieldName: string): readonly Place[];
}

/** Reads a stitched configuration. Throws on what cannot be planned, naming subschema and remedy. */
export function createGraph(options: EngineOptions): Graph {
  const { schema, subschemas, resolvers = {}, access = noAccess } = options;
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
  const ownersOf = (typeName: string, fieldName: string) => {
    const id = `${typeName}.${fieldName}`;
    let found = owned.get(id);
    if (found === undefined) owned.set(id, (found = canonicalFirst(typeName, fieldName)));
    return found;
  };
  const derivedOf = (typeName: string, fieldName: string) =>
    derived.get(`${typeName}.${fieldName}`);
  const rules = new FieldRules(schema, access, {
    derived: derivedOf,
    keys: (typeName, fieldName) => {
      const owners = ownersOf(typeName, fieldName);
      return (entries.get(typeName) ?? []).flatMap(({ place, selectionSet }) => {
        if (!owners.includes(place)) return [];
        const computed = place.computes?.get(typeName)?.get(fieldName);
        return computed ? [selectionSet, computed] : [selectionSet];
      });
    },
  });
  return {
    schema,
    places,
    gateway,
    entries,
    access,
    rules,
    derived: derivedOf,
    owners: ownersOf,
  };
}

/** Whether `place` has that field and answers for it. */
export function ownsField(place: Place, typeName: string, fieldName: string): boolean {
  const computed = place.computes?.get(typeName);
  if (computed) return computed.has(fieldName);
  if (place.ceded.has(`${typeName}.${fieldName}`)) return false;
  return fieldIn(place.schema, typeName, fieldName) !== undefined;
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

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
