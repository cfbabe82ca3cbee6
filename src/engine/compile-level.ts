import {
  type FieldNode,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  Kind,
  print,
} from 'graphql';
import { collect, type Occurrence, type Part, type Scope, type Term } from './collect.ts';
import { AliasBook, printRemote } from './compile-remote.ts';
import { type Derived, fieldIn, ownsField, type Place } from './graph.ts';
import type {
  FieldPlan,
  GroupKind,
  GroupPlan,
  LevelPlan,
  PlanBody,
  Step,
  Use,
  ViewPlan,
} from './plan.ts';
import { reachable, type Reached } from './reach.ts';
import { serializerOf } from './serialize.ts';
import { resolveStep, stepOf } from './steps.ts';
import { streamOf } from './stream-plan.ts';
import { wrapOf } from './wrap.ts';

/** What one reader wants of a level. */
export interface ViewParts {
  readonly parts: readonly Part[];
  readonly client: boolean;
}

export interface LevelOptions {
  /** Root fields of a mutation: never shared. */
  readonly serial?: boolean;
  /** Properties of objects that the gateway made; null when they are whole. */
  readonly present?: ReadonlySet<string> | null;
  /** Names taken in the remote document that this level is part of. */
  readonly aliases?: AliasBook;
  /** The level is read below a deferred fragment of this one's parent. */
  readonly patchOf?: LevelPlan;
}

/** Each root field of a mutation by itself, in order. */
export function splitRoots(body: PlanBody, type: GraphQLObjectType, part: Part): Part[][] {
  const { fields } = collect(body.graph.schema, type, [part], false);
  return [...fields.values()].map((occurrences) =>
    occurrences.map(({ node, terms, scope }) => ({
      selectionSet: { kind: Kind.SELECTION_SET, selections: [node] },
      terms,
      scope,
    })),
  );
}

interface Request {
  readonly id: string;
  readonly name: string;
  readonly node: FieldNode;
  readonly scope: Scope;
  readonly derived: Derived | null;
  readonly wants: Want[];
}

interface Want {
  readonly view: ViewPlan;
  readonly key: string;
  readonly occurrences: readonly Occurrence[];
}

/** Builds one level: collects what its readers want, finds a place for each field, then descends. */
export class LevelBuilder {
  readonly #body: PlanBody;
  readonly #type: GraphQLObjectType;
  readonly #place: Place;
  readonly #parentField: FieldPlan | null;
  readonly #options: LevelOptions;
  readonly #aliases: AliasBook;
  readonly #plan: LevelPlan;
  readonly #requests = new Map<string, Request>();
  readonly #unplaced: Request[] = [];
  readonly #groups = new Map<string, GroupPlan>();
  readonly #placed = new Map<Request, GroupPlan>();
  readonly #wants = new Map<ViewPlan, { request: Request; want: Want }[]>();
  readonly #root: boolean;

  constructor(
    body: PlanBody,
    type: GraphQLObjectType,
    place: Place,
    parentField: FieldPlan | null,
    options: LevelOptions = {},
  ) {
    this.#body = body;
    this.#type = type;
    this.#place = place;
    this.#parentField = parentField;
    this.#options = options;
    this.#aliases = options.aliases ?? new AliasBook();
    this.#root = parentField === null || type === body.graph.schema.getQueryType();
    this.#plan = {
      type,
      place,
      views: [],
      fields: [],
      groups: [],
      patches: [],
      parentField,
      patchOf: options.patchOf ?? null,
      uses: [],
      collapseBy: -1,
      conditional: false,
      activation: null,
    };
  }

  build(views: readonly ViewParts[]): LevelPlan {
    this.#group('source', this.#place);
    // A use of the parent's field and its view have the same number: these views come first.
    const own = views.map(({ client }) => this.#newView(client, null));
    for (const [index, view] of own.entries()) this.#fill(view, views[index]?.parts ?? []);
    this.#placeAll();
    for (const group of this.#plan.groups) this.#planGroup(group);
    for (const view of this.#plan.views) this.#orderView(view);
    this.#plan.collapseBy = this.#collapsibleBy();
    for (const group of this.#plan.groups) {
      if (group.place.executor && (group.kind === 'entry' || group.kind === 'root')) {
        group.remote = printRemote(this.#body, this.#plan, group);
      }
    }
    return this.#plan;
  }

  #addView(parts: readonly Part[], group: GroupPlan): ViewPlan {
    const view = this.#newView(false, group);
    this.#fill(view, parts);
    return view;
  }

  /** Collects what a view wants. */
  #fill(view: ViewPlan, parts: readonly Part[]): void {
    const { schema } = this.#body.graph;
    const wants: { request: Request; want: Want }[] = [];
    this.#wants.set(view, wants);
    const { fields, defers } = collect(schema, this.#type, parts, view.client);
    for (const [key, occurrences] of fields) {
      const request = this.#request(key, occurrences);
      const want = { view, key, occurrences };
      request.wants.push(want);
      wants.push({ request, want });
    }
    for (const { label, ...part } of defers) {
      const builder = new LevelBuilder(this.#body, this.#type, this.#place, this.#parentField, {
        ...this.#options,
        aliases: this.#aliases,
        patchOf: this.#plan,
      });
      const condition = this.#condition([part.terms]);
      const level = builder.build([{ parts: [{ ...part, terms: [] }], client: true }]);
      this.#plan.patches.push({ label, condition, view: view.index, level });
    }
  }

  #newView(client: boolean, group: GroupPlan | null): ViewPlan {
    const index = this.#plan.views.length;
    const view: ViewPlan = { index, uses: [], group, client, dynamic: false };
    this.#plan.views.push(view);
    return view;
  }

  /** The field that these occurrences ask for; the same field with the same arguments is one. */
  #request(key: string, occurrences: readonly Occurrence[]): Request {
    const first = occurrences[0];
    if (!first) throw new Error('a field without an occurrence');
    const { node, scope } = first;
    const name = node.name.value;
    const id = this.#requestId(key, node, scope);
    let request = this.#requests.get(id);
    if (request) return request;
    const derived = this.#body.graph.derived(this.#type.name, name) ?? null;
    request = { id, name, node, scope, derived, wants: [] };
    this.#requests.set(id, request);
    if (derived) this.#derive(request, derived);
    else this.#unplaced.push(request);
    return request;
  }

  #requestId(key: string, node: FieldNode, scope: Scope): string {
    const name = node.name.value;
    if (this.#options.serial || name === '__schema' || name === '__type') return `${key}:${name}`;
    // A remote place nulls an object whole: what is under one alias must not null another's.
    const owners = node.selectionSet ? this.#body.graph.owners(this.#type.name, name) : [];
    const own = key !== name && owners.some(({ executor }) => executor) ? `${key}:${name}` : name;
    if (!node.arguments || node.arguments.length === 0) return own;
    const printed = node.arguments.map((argument) => print(argument)).sort();
    const id = `${own}(${printed.join()})`;
    return id.includes('$') ? `${id}@${scope.index}` : id;
  }

  /** Gives a derived field its group and needs; false when it is a plain resolver on its parent. */
  #derive(request: Request, derived: Derived): void {
    const own = this.#ownValue(request, derived);
    if (!derived.needs && !own && (this.#root || this.#place.gateway)) {
      this.#placed.set(request, this.#group('source', this.#place));
      return;
    }
    const group = this.#newGroup('derived', this.#body.graph.gateway);
    this.#placed.set(request, group);
    if (derived.needs) {
      const scope: Scope = { index: this.#body.scopes.length, fragments: derived.fragments };
      const source = { def: derived.field, node: request.node, scope: request.scope };
      this.#body.scopes.push({ scope, source });
      const part = { selectionSet: derived.needs, terms: [], scope };
      group.view = this.#addView([part], group);
    } else if (own) {
      const view = this.#newView(false, group);
      const occurrences = [{ node: request.node, terms: [], scope: request.scope, order: 0 }];
      const want = { view, key: request.name, occurrences };
      own.wants.push(want);
      this.#wants.set(view, [{ request: own, want }]);
      group.view = view;
    }
  }

  /** What a resolver without needs that stands over a subschema's leaf reads: that leaf. */
  #ownValue(request: Request, derived: Derived): Request | null {
    const { graph } = this.#body;
    if (derived.needs || this.#root || this.#place.gateway) return null;
    if (!isLeafType(getNamedType(derived.field.type))) return null;
    if (graph.owners(this.#type.name, request.name).length === 0) return null;
    const own: Request = { ...request, id: `own ${request.id}`, derived: null, wants: [] };
    this.#requests.set(own.id, own);
    this.#unplaced.push(own);
    return own;
  }

  /** Places every field; keys of the entries that this takes are fields to be placed too. */
  #placeAll(): void {
    const { graph } = this.#body;
    const present = this.#options.present ?? null;
    const reached = this.#root ? [] : reachable(graph, this.#type.name, this.#place, present);
    while (this.#unplaced.length > 0) {
      const batch = this.#unplaced.splice(0);
      let rest = batch.filter((request) => !this.#placeHere(request));
      while (rest.length > 0) rest = this.#placeNext(rest, reached);
    }
  }

  #placeHere(request: Request): boolean {
    const { name } = request;
    if (this.#root) {
      if (name.startsWith('__')) {
        this.#placed.set(request, this.#group('source', this.#place));
        return true;
      }
      const [owner] = this.#body.graph.owners(this.#type.name, name);
      this.#placed.set(
        request,
        owner ? this.#group('root', owner) : this.#group('source', this.#place),
      );
      return true;
    }
    const { present } = this.#options;
    const here =
      name === '__typename' ||
      (this.#place.gateway
        ? !present || present.has(name)
        : ownsField(this.#place, this.#type.name, name));
    if (here) this.#placed.set(request, this.#group('source', this.#place));
    return here;
  }

  /** Places the requests that the next entry can answer; the nearest first, then the most useful. */
  #placeNext(rest: readonly Request[], reached: readonly Reached[]): Request[] {
    const type = this.#type.name;
    const able = reached
      .filter((one) => one.entry !== null)
      .map((one) => ({
        one,
        requests: rest.filter((request) => ownsField(one.place, type, request.name)),
      }))
      .filter(({ requests }) => requests.length > 0);
    const round = Math.min(...able.map(({ one }) => one.round));
    const nearest = able.filter(({ one }) => one.round === round);
    const taken = nearest.find(({ one }) => this.#groups.has(`entry ${one.place.index}`));
    const best = taken ?? nearest.sort((a, b) => b.requests.length - a.requests.length)[0];
    if (!best) {
      const fallback = this.#place.gateway ? 'source' : 'nowhere';
      for (const request of rest) this.#placed.set(request, this.#group(fallback, this.#place));
      return [];
    }
    const group = this.#entryGroup(best.one, best.requests);
    for (const request of best.requests) this.#placed.set(request, group);
    return rest.filter((request) => !best.requests.includes(request));
  }

  #entryGroup({ place, entry }: Reached, requests: readonly Request[]): GroupPlan {
    const known = this.#groups.get(`entry ${place.index}`);
    const computed = place.computes?.get(this.#type.name);
    const extra = computed ? requests.flatMap((request) => computed.get(request.name) ?? []) : [];
    if (known && extra.length === 0) return known;
    const group = known && !computed ? known : this.#group('entry', place);
    if (!entry || (group.view && extra.length === 0)) return group;
    group.entry = entry;
    const scope: Scope = { index: 0, fragments: new Map() };
    const parts = [entry.selectionSet, ...extra].map((selectionSet) => ({
      selectionSet,
      terms: [],
      scope,
    }));
    group.view = this.#addView(parts, group);
    return group;
  }

  #group(kind: GroupKind, place: Place): GroupPlan {
    const id = `${kind} ${place.index}`;
    let group = this.#groups.get(id);
    if (!group) this.#groups.set(id, (group = this.#newGroup(kind, place)));
    return group;
  }

  #newGroup(kind: GroupKind, place: Place): GroupPlan {
    const group: GroupPlan = {
      index: this.#plan.groups.length,
      kind,
      place,
      entry: null,
      view: null,
      fields: [],
      remote: null,
    };
    this.#plan.groups.push(group);
    return group;
  }

  #planGroup(group: GroupPlan): void {
    for (const [request, placed] of this.#placed) {
      if (placed === group) this.#planField(request, group);
    }
  }

  #planField(request: Request, group: GroupPlan): void {
    const { schema } = this.#body.graph;
    const { name, node, scope } = request;
    const coordinate = `${this.#type.name}.${name}`;
    const graphField = fieldIn(schema, this.#type.name, name);
    const own = fieldIn(group.place.schema, this.#type.name, name);
    const derivedHere =
      request.derived !== null && (group.kind === 'derived' || group.kind === 'source');
    const def = (derivedHere ? request.derived?.field : (own ?? graphField)) ?? null;
    const type = (graphField?.type ?? null) as GraphQLOutputType | null;
    const named = type ? getNamedType(type) : null;
    const step = this.#step(request, group, own, derivedHere);
    const leaf = named === null || isLeafType(named);
    const field: FieldPlan = {
      index: this.#plan.fields.length,
      level: this.#plan,
      group,
      name,
      coordinate,
      node,
      scope,
      def,
      type: type as GraphQLOutputType,
      named: named as GraphQLNamedOutputType,
      wrap: type ? wrapOf(type) : { nonNull: true, item: null },
      step,
      serialize: leaf
        ? named
          ? serializerOf(
              own && !derivedHere ? getNamedType(own.type) : undefined,
              named,
              step.kind === 'remote',
            )
          : identity
        : null,
      asksType: named !== null && asksType(named, group.place),
      uses: [],
      children: new Map(),
    };
    this.#plan.fields.push(field);
    group.fields.push(field);
    for (const want of request.wants) this.#use(field, want);
    if (named && !leaf && step.kind !== 'introspection') this.#descend(field, group, named);
  }

  #use(field: FieldPlan, { view, key, occurrences }: Want): void {
    const orders = occurrences.map(({ order, terms }) => ({
      order,
      condition: this.#condition([terms]),
    }));
    const same = orders.every(({ condition }) => condition === orders[0]?.condition);
    const condition = this.#condition(occurrences.map(({ terms }) => terms));
    if (condition !== 0) this.#plan.conditional = true;
    if (!same) view.dynamic = true;
    const use: Use = {
      index: this.#plan.uses.length,
      view,
      field,
      key,
      condition,
      nodes: occurrences.map(({ node }) => node),
      parts: occurrences.flatMap(({ node, terms, scope }) =>
        node.selectionSet
          ? [{ selectionSet: node.selectionSet, terms: same ? [] : terms, scope }]
          : [],
      ),
      orders,
      stream: view.client ? streamOf(occurrences, (terms) => this.#condition([terms])) : null,
    };
    this.#plan.uses.push(use);
    field.uses.push(use);
  }

  #step(
    request: Request,
    group: GroupPlan,
    own: ReturnType<typeof fieldIn>,
    derivedHere: boolean,
  ): Step {
    if (request.name === '__typename') return { kind: 'typename' };
    if (request.name === '__schema' || request.name === '__type') return { kind: 'introspection' };
    if (group.kind === 'nowhere') {
      return {
        kind: 'nowhere',
        message: `${this.#type.name}.${request.name} cannot be reached from the ${this.#place.name} subschema.`,
      };
    }
    if (derivedHere && request.derived) {
      const { resolve } = request.derived;
      return resolve ? resolveStep(resolve) : { kind: 'property', name: request.name, calls: true };
    }
    if (group.place.executor) {
      return { kind: 'remote', alias: this.#aliases.take(request.name, request.node, own) };
    }
    if (group.place.gateway) {
      const field = fieldIn(group.place.schema, this.#type.name, request.name);
      const local = field?.resolve && !isStitched(this.#body, this.#type.name, request.name);
      if (field && local && field.resolve) return resolveStep(field.resolve as never);
      return { kind: 'property', name: request.name, calls: true };
    }
    return own ? stepOf(own) : { kind: 'property', name: request.name, calls: true };
  }

  /** Compiles what is below an object field; below an abstract one only when it goes to a remote place. */
  #descend(field: FieldPlan, group: GroupPlan, named: GraphQLNamedOutputType): void {
    const { graph } = this.#body;
    const { place } = group;
    if (place.gateway) {
      if (isObjectType(named) && !graph.entries.has(named.name)) this.#child(field, named, place);
      return;
    }
    if (isObjectType(named)) {
      this.#child(field, named, place);
      return;
    }
    if (!place.executor) return;
    const own = place.schema.getType(named.name);
    if (!own || !('getTypes' in own || 'getInterfaces' in own)) return;
    const aliases = this.#aliases.strict();
    for (const possible of place.schema.getPossibleTypes(own as never)) {
      const type = graph.schema.getType(possible.name);
      if (isObjectType(type)) this.#child(field, type, place, aliases);
    }
  }

  #child(field: FieldPlan, type: GraphQLObjectType, place: Place, aliases?: AliasBook): void {
    field.children.set(
      type.name,
      compileChild(this.#body, field, type, place, { aliases: aliases ?? this.#aliases.inner() }),
    );
  }

  #orderView(view: ViewPlan): void {
    for (const { request, want } of this.#wants.get(view) ?? []) {
      const use = this.#plan.uses.find(
        (one) => one.view === view && one.key === want.key && request.wants.includes(want),
      );
      if (use) view.uses.push(use);
    }
  }

  #collapsibleBy(): number {
    const { groups, patches } = this.#plan;
    const [source, ...others] = groups;
    if (!source || this.#root || patches.length > 0) return -1;
    const view = others[0]?.view;
    if (!view || others.some((group) => group.kind !== 'entry')) return -1;
    const keyed = new Set(view.uses.map((use) => use.field));
    const plain = view.uses.every((use) => use.field.serialize && use.condition === 0);
    const leaves = source.fields.every(
      (field) => (keyed.has(field) && !field.wrap.item) || field.step.kind === 'typename',
    );
    const fromSource = others.every(({ view: key }) =>
      key?.uses.every((use) => use.field.group === source),
    );
    return plain && leaves && fromSource ? view.index : -1;
  }

  #condition(alternatives: readonly (readonly Term[])[]): number {
    return conditionNumber(this.#body, alternatives);
  }
}

/** The level below a field for objects of one concrete type. */
export function compileChild(
  body: PlanBody,
  field: FieldPlan,
  type: GraphQLObjectType,
  place: Place,
  options: LevelOptions = {},
): LevelPlan {
  return new LevelBuilder(body, type, place, field, options).build(
    field.uses.map((use) => ({ parts: use.parts, client: use.view.client })),
  );
}

/** The number of a condition in the plan; equal ones share it. */
export function conditionNumber(
  body: PlanBody,
  alternatives: readonly (readonly Term[])[],
): number {
  if (alternatives.some((terms) => terms.length === 0)) return 0;
  const text = JSON.stringify(alternatives);
  const found = body.conditions.findIndex(
    (known, index) => index > 0 && JSON.stringify(known) === text,
  );
  if (found > 0) return found;
  body.conditions.push(alternatives.map((terms) => [...terms]));
  return body.conditions.length - 1;
}

function isStitched(body: PlanBody, typeName: string, fieldName: string): boolean {
  return body.graph.owners(typeName, fieldName).length > 0;
}

function asksType(named: GraphQLNamedOutputType, place: Place): boolean {
  if (isLeafType(named)) return false;
  if (isAbstractType(named)) return true;
  const own = place.executor ? undefined : place.schema.getType(named.name);
  return isObjectType(own) && typeof own.isTypeOf === 'function';
}

const identity = (value: unknown): unknown => value;
