import { type FieldNode, type GraphQLObjectType, getNamedType, isLeafType, print } from 'graphql';
import { collect, type DeferPart, type Occurrence, type Part, type Scope } from './collect.ts';
import { insteadOf } from './access.ts';
import { ownsField, type Place } from './graph.ts';
import type { Derived } from './derived.ts';
import type { GroupKind, GroupPlan, LevelPlan, PlanBody, ViewPlan } from './plan.ts';
import { reachable, type Reached } from './reach.ts';

/** A field that a level has to have, whoever reads it. */
export interface Request {
  readonly id: string;
  readonly name: string;
  readonly node: FieldNode;
  readonly scope: Scope;
  readonly derived: Derived | null;
  /** Whether a rule that does not hold stands in its way. */
  readonly denied: boolean;
  readonly wants: Want[];
}

export interface Want {
  readonly view: ViewPlan;
  readonly key: string;
  readonly occurrences: readonly Occurrence[];
}

export interface RequestOptions {
  /** Whether the level is a root: its places need no key. */
  readonly root: boolean;
  /** Root fields of a mutation: never shared. */
  readonly serial?: boolean | undefined;
  /** Properties of objects that the gateway made; null when they are whole. */
  readonly present?: ReadonlySet<string> | null | undefined;
  readonly onDefer: (part: DeferPart, view: ViewPlan) => void;
}

/** What the readers of a level want, and the group of the level that each field is placed in. */
export class Requests {
  readonly placed = new Map<Request, GroupPlan>();
  readonly wants = new Map<ViewPlan, { request: Request; want: Want }[]>();
  readonly #body: PlanBody;
  readonly #type: GraphQLObjectType;
  readonly #place: Place;
  readonly #plan: LevelPlan;
  readonly #options: RequestOptions;
  readonly #root: boolean;
  readonly #requests = new Map<string, Request>();
  readonly #unplaced: Request[] = [];
  readonly #groups = new Map<string, GroupPlan>();

  constructor(body: PlanBody, plan: LevelPlan, options: RequestOptions) {
    this.#body = body;
    this.#type = plan.type;
    this.#place = plan.place;
    this.#plan = plan;
    this.#options = options;
    this.#root = options.root;
    this.#group('source', this.#place);
  }

  /** Takes in what the parent's readers want. A use of the parent's field and its view share a number. */
  add(views: readonly { readonly parts: readonly Part[]; readonly client: boolean }[]): void {
    const own = views.map(({ client }) => this.#newView(client, null));
    for (const [index, view] of own.entries()) this.#fill(view, views[index]?.parts ?? []);
    this.#placeAll();
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
    this.wants.set(view, wants);
    const { fields, defers } = collect(schema, this.#type, parts, view.client);
    for (const [key, occurrences] of fields) {
      const request = this.#request(key, occurrences);
      const want = { view, key, occurrences };
      request.wants.push(want);
      wants.push({ request, want });
    }
    for (const part of defers) this.#options.onDefer(part, view);
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
    const { graph, denied: rules } = this.#body;
    const derived = graph.derived(this.#type.name, name) ?? null;
    const denied = rules.size > 0 && graph.rules.denial(this.#type.name, name, rules) !== null;
    if (!denied) this.#assertAsked(name);
    request = { id, name, node, scope, derived, denied, wants: [] };
    this.#requests.set(id, request);
    if (denied && !insteadOf(graph.access, this.#type.name, request)) {
      this.placed.set(request, this.#group('source', this.#place));
    } else if (derived) this.#derive(request, derived);
    else this.#unplaced.push(request);
    return request;
  }

  /** Nothing is run whose rules were not asked when the operation began. */
  #assertAsked(name: string): void {
    for (const rule of this.#body.graph.rules.of(this.#type.name, name)) {
      if (this.#body.rules.includes(rule)) continue;
      throw new Error(
        `${this.#type.name}.${name} asks for ${rule.name}, which was not asked when its operation began`,
      );
    }
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
      this.placed.set(request, this.#group('source', this.#place));
      return;
    }
    const group = this.#newGroup('derived', this.#body.graph.gateway);
    this.placed.set(request, group);
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
      this.wants.set(view, [{ request: own, want }]);
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
        this.placed.set(request, this.#group('source', this.#place));
        return true;
      }
      const [owner] = this.#body.graph.owners(this.#type.name, name);
      this.placed.set(
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
    if (here) this.placed.set(request, this.#group('source', this.#place));
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
      for (const request of rest) this.placed.set(request, this.#group(fallback, this.#place));
      return [];
    }
    const group = this.#entryGroup(best.one, best.requests);
    for (const request of best.requests) this.placed.set(request, group);
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
}
