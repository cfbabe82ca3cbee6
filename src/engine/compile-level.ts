import {
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  Kind,
} from 'graphql';
import { collect, type DeferPart, type Part, type Term } from './collect.ts';
import { AliasBook, printRemote } from './compile-remote.ts';
import { type Place } from './graph.ts';
import { fieldIn } from './schema-types.ts';
import type { FieldPlan, GroupPlan, LevelPlan, PlanBody, Step, Use, ViewPlan } from './plan.ts';
import { insteadOf, type Request, Requests, type Want } from './requests.ts';
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
      conditional: false,
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
    this.#plan.collapseBy = this.#collapsibleBy();
    for (const group of this.#plan.groups) {
      if (group.place.executor && (group.kind === 'entry' || group.kind === 'root')) {
        group.remote = printRemote(this.#body, this.#plan, group);
      }
    }
    return this.#plan;
  }

  /** A deferred fragment is a level of its own over the same objects. */
  #defer({ label, terms, selectionSet, scope }: DeferPart, view: ViewPlan): void {
    const builder = new LevelBuilder(this.#body, this.#type, this.#place, this.#parentField, {
      ...this.#options,
      aliases: this.#aliases,
      patchOf: this.#plan,
    });
    const condition = this.#condition([terms]);
    const level = builder.build([{ parts: [{ selectionSet, terms: [], scope }], client: true }]);
    this.#plan.patches.push({ label, condition, view: view.index, level });
  }

  #planGroup(group: GroupPlan): void {
    for (const [request, placed] of this.#requests.placed) {
      if (placed === group) this.#planField(request, group);
    }
  }

  #planField(request: Request, group: GroupPlan): void {
    const { schema, access } = this.#body.graph;
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
      checks: request.denied ? [] : (access.ofField(this.#type.name, name)?.checks ?? []),
      uses: [],
      children: new Map(),
    };
    this.#plan.fields.push(field);
    group.fields.push(field);
    for (const want of request.wants) this.#use(field, want);
    const ends = step.kind === 'introspection' || step.kind === 'denied';
    if (named && !leaf && !ends) this.#descend(field, group, named);
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
    if (request.denied) {
      const { access } = this.#body.graph;
      const instead = insteadOf(this.#body.graph, this.#type.name, request);
      if (!instead) return { kind: 'denied' };
      return resolveStep((parent, args, context, info) =>
        instead(parent, args, context, info, access.refusal(context)),
      );
    }
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
    for (const { request, want } of this.#requests.wants.get(view) ?? []) {
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
      (field) =>
        field.checks.length === 0 &&
        ((keyed.has(field) && !field.wrap.item) || field.step.kind === 'typename'),
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
