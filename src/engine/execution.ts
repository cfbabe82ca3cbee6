import { GraphQLError, type GraphQLSchema, getArgumentValues } from 'graphql';
import { type Term, wantsParts } from './collect.ts';
import type { Place } from './graph.ts';
import { translateVariables } from './input.ts';
import type { Activation, FieldPlan, LevelPlan, PlanBody, Use } from './plan.ts';
import type { RemoteFaults } from './remote-result.ts';

export interface ExecutionInput {
  readonly body: PlanBody;
  readonly clientSchema: GraphQLSchema;
  /** Coerced variables of the operation. */
  readonly variables: Record<string, unknown>;
  readonly context: unknown;
  readonly signal: AbortSignal | undefined;
  /** Whether the client takes an answer in parts. */
  readonly parts: boolean;
  /** A subscription's event: the object that the root field is read from. */
  readonly event?: { readonly value: unknown } | undefined;
}

/** One execution of a plan: its inputs, and what they decide. */
export class Execution {
  readonly body: PlanBody;
  readonly clientSchema: GraphQLSchema;
  readonly variables: Record<string, unknown>;
  readonly context: unknown;
  readonly signal: AbortSignal | undefined;
  readonly event: { readonly value: unknown } | undefined;
  /** Errors of remote answers, by the object or list that holds the null. */
  remoteFaults: RemoteFaults | null = null;
  /** Whether anything failed or is missing. */
  faulty = false;
  /** Whether a parent was refused one of its fields. */
  refused = false;
  /** Errors that belong to no field. */
  readonly looseErrors: GraphQLError[] = [];
  readonly #parts: boolean;
  readonly #scopes: (Record<string, unknown> | undefined)[] = [];
  #placeScopes: Map<string, Record<string, unknown>> | null = null;
  readonly #conditions: (boolean | undefined)[] = [];
  #activations: Map<LevelPlan, Activation> | null = null;

  constructor(input: ExecutionInput) {
    this.body = input.body;
    this.clientSchema = input.clientSchema;
    this.variables = input.variables;
    this.context = input.context;
    this.signal = input.signal;
    this.event = input.event;
    this.#parts = input.parts;
    this.#scopes[0] = input.variables;
  }

  /**
   * The coerced arguments of a field, as its place's definition has them. Throws GraphQLError: where
   * the client wrote the field, only its variables can be wrong by now, such as a null for one with a
   * default.
   */
  args(field: FieldPlan): Record<string, unknown> {
    const { def } = field;
    if (!def || def.args.length === 0) return {};
    const hasVariables = field.node.arguments !== undefined && field.node.arguments.length > 0;
    const variables = hasVariables
      ? this.#placeVariables(field.scope.index, field.group.place)
      : {};
    try {
      return getArgumentValues(def, field.node, variables);
    } catch (error) {
      const isOfClient = field.scope.index === 0 && error instanceof GraphQLError;
      if (isOfClient) error.extensions['code'] = 'BAD_USER_INPUT';
      throw error;
    }
  }

  condition(number: number): boolean {
    if (number === 0) return true;
    let known = this.#conditions[number];
    if (known === undefined) {
      const alternatives = this.body.conditions[number] ?? [];
      known = alternatives.some((terms) => terms.every((term) => this.#holds(term)));
      this.#conditions[number] = known;
    }
    return known;
  }

  activation(level: LevelPlan): Activation {
    if (level.activation) return level.activation;
    let known = this.#activations?.get(level);
    if (known) return known;
    known = this.#activate(level);
    if (isFixed(level)) level.activation = known;
    else (this.#activations ??= new Map()).set(level, known);
    return known;
  }

  #holds({ scope, variable, expected }: Term): boolean {
    if (variable === wantsParts.variable) return this.#parts === expected;
    return this.scope(scope)[variable] === expected;
  }

  /** The variables of the operation (0), or the arguments of the derived field that a scope belongs to. */
  scope(index: number): Record<string, unknown> {
    let known = this.#scopes[index];
    if (known === undefined) {
      const source = this.body.scopes[index]?.source;
      known = {};
      if (source && source.def.args.length > 0) {
        try {
          known = getArgumentValues(source.def, source.node, this.scope(source.scope.index));
        } catch {
          // The derived field reports it: it coerces the same arguments.
        }
      }
      this.#scopes[index] = known;
    }
    return known;
  }

  /** Variables are values of the graph's input types; a subschema may know its own. */
  #placeVariables(scope: number, place: Place): Record<string, unknown> {
    const values = this.scope(scope);
    if (place.gateway) return values;
    const id = `${scope} ${place.index}`;
    let known = this.#placeScopes?.get(id);
    if (known === undefined) {
      known = translateVariables(this.body, scope, values, place);
      (this.#placeScopes ??= new Map()).set(id, known);
    }
    return known;
  }

  #activate(level: LevelPlan): Activation {
    const parentField = level.parentField;
    const parent = parentField ? this.activation(parentField.level) : null;
    const uses: boolean[] = [];
    const views: (boolean | undefined)[] = [];
    const groups: (boolean | undefined)[] = [];
    const useActive = (use: Use): boolean =>
      (uses[use.index] ??= this.condition(use.condition) && viewActive(use.view.index));
    const viewActive = (index: number): boolean => {
      const known = views[index];
      if (known !== undefined) return known;
      const group = level.views[index]?.group;
      let active = true;
      const { patchOf } = level;
      if (group) active = groupActive(group.index);
      else if (patchOf) {
        active =
          this.condition(patchOf.condition) &&
          this.activation(patchOf.level).views[patchOf.view] === true;
      } else if (parent && parentField) {
        const use = parentField.uses[index];
        active = use === undefined || parent.uses[use.index] === true;
      }
      views[index] = active;
      return active;
    };
    const groupActive = (index: number): boolean =>
      (groups[index] ??=
        level.groups[index]?.fields.some((field) => field.uses.some(useActive)) ?? false);
    for (const use of level.uses) useActive(use);
    return {
      uses,
      views: level.views.map((_, index) => viewActive(index)),
      fields: level.fields.map((field) => field.uses.some(useActive)),
      groups: level.groups.map((_, index) => groupActive(index)),
      outputs: level.views.map((view) => {
        const active = view.uses.filter(useActive);
        return view.dynamic ? this.#inOrder(active) : active;
      }),
    };
  }

  /** By the first occurrence that is included. */
  #inOrder(uses: readonly Use[]): Use[] {
    const position = (use: Use) =>
      use.orders.find(({ condition }) => this.condition(condition))?.order ?? 0;
    return [...uses].sort((a, b) => position(a) - position(b));
  }
}

function isFixed(level: LevelPlan): boolean {
  if (level.conditional) return false;
  return level.parentField === null || isFixed(level.parentField.level);
}
