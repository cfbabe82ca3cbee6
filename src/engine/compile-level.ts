import { type GraphQLNamedOutputType, type GraphQLObjectType, isObjectType, Kind } from 'graphql';
import { collapsibleBy } from './collapse.ts';
import { collect, type DeferPart, type Part, type Term } from './collect.ts';
import { compileField } from './compile-field.ts';
import { AliasBook, printRemote } from './compile-remote.ts';
import { type Place } from './graph.ts';
import type {
  FieldPlan,
  GroupPlan,
  LevelPlan,
  PatchOrigin,
  PlanBody,
  Use,
  ViewPlan,
} from './plan.ts';
import { type Request, Requests, type Want } from './requests.ts';
import { streamOf } from './stream-plan.ts';

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
  /** The level is a deferred fragment. */
  readonly patchOf?: PatchOrigin;
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

/** Builds one level: collects what its readers want, finds a place for each field, then descends. */
export class LevelBuilder {
  readonly #body: PlanBody;
  readonly #type: GraphQLObjectType;
  readonly #place: Place;
  readonly #parentField: FieldPlan | null;
  readonly #options: LevelOptions;
  readonly #aliases: AliasBook;
  readonly #plan: LevelPlan;
  readonly #root: boolean;
  readonly #requests: Requests;

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
      conditional: options.patchOf !== undefined,
      activation: null,
    };
    this.#requests = new Requests(body, this.#plan, {
      root: this.#root,
      serial: options.serial,
      present: options.present,
      onDefer: (part, view) => this.#defer(part, view),
    });
  }

  build(views: readonly ViewParts[]): LevelPlan {
    this.#requests.add(views);
    for (const group of this.#plan.groups) this.#planGroup(group);
    for (const view of this.#plan.views) this.#orderView(view);
    // A deferred fragment is told row by row of the level that it was taken out of.
    const isOwn = this.#options.patchOf === undefined;
    if (!this.#root && isOwn) this.#plan.collapseBy = collapsibleBy(this.#plan);
    for (const group of this.#plan.groups) {
      if (group.place.executor && (group.kind === 'entry' || group.kind === 'root')) {
        group.remote = printRemote(this.#body, this.#plan, group);
      }
    }
    return this.#plan;
  }

  /** A deferred fragment is a level of its own over the same objects. */
  #defer({ label, terms, selectionSet, scope }: DeferPart, view: ViewPlan): void {
    const condition = this.#condition([terms]);
    const builder = new LevelBuilder(this.#body, this.#type, this.#place, this.#parentField, {
      ...this.#options,
      aliases: this.#aliases,
      patchOf: { level: this.#plan, view: view.index, condition },
    });
    const level = builder.build([{ parts: [{ selectionSet, terms: [], scope }], client: true }]);
    this.#plan.patches.push({ label, condition, view: view.index, level });
  }

  #planGroup(group: GroupPlan): void {
    for (const [request, placed] of this.#requests.placed) {
      if (placed === group) this.#planField(request, group);
    }
  }

  #planField(request: Request, group: GroupPlan): void {
    const field = compileField(this.#body, this.#plan, this.#aliases, request, group);
    this.#plan.fields.push(field);
    group.fields.push(field);
    for (const want of request.wants) this.#use(field, want);
    const { named, serialize, step } = field;
    const ends = serialize !== null || step.kind === 'introspection' || step.kind === 'denied';
    if (!ends) this.#descend(field, group, named);
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
    for (const { request, want } of this.#requests.wants.get(view) ?? []) {
      const use = this.#plan.uses.find(
        (one) => one.view === view && one.key === want.key && request.wants.includes(want),
      );
      if (use) view.uses.push(use);
    }
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
