import type { SubschemaConfig } from '@graphql-tools/delegate';
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationTypeNode,
  type ValidationRule,
} from 'graphql';
import type { Access } from './access.ts';
import { decide } from './decide.ts';
import { nullConditions } from './null-conditions.ts';
import { explainPlan } from './explain.ts';
import { executePlan, executePlanToText } from './execute.ts';
import { createGraph } from './graph.ts';
import type { IncrementalExecution } from './incremental.ts';
import type { Limits } from './limits.ts';
import type { PlanBody } from './plan.ts';
import { createPlanner } from './planner.ts';
import { type Subscribed, subscribePlan } from './subscribe.ts';
import type { JsonText } from './text.ts';

export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * A field that the gateway resolves over the graph. The resolver's parent is a plain object of
 * what was needed, under the names of the selection; a need that failed is null there.
 *
 * Fails: where a need that must not be null is, or where the resolver throws or gives null while a
 * need has failed, the field has the error of that need; otherwise what the resolver throws.
 */
export interface DerivedField {
  /** Where it was written, such as `bff-web/fields/flight.ts:5`, for messages. */
  readonly place?: string;
  /** Needs on the parent type: `{ delayMinutes origin { city } }`. */
  readonly selectionSet?: string;
  /**
   * Needs as a query whose variables are the field's own arguments, by name:
   * `query ($iata: ID!) { airport(iata: $iata) { name } }`. On a root it selects from Query, on
   * another type from that type.
   */
  readonly needs?: DocumentNode | string;
  // biome-ignore lint: resolvers of every schema fit here, as in IResolvers
  readonly resolve?: (...values: never[]) => unknown;
  readonly subscribe?: (...values: never[]) => unknown;
}

export interface EngineOptions {
  /** What `stitchSchemas` made of the same configuration; entries that clients do not see included. */
  readonly schema: GraphQLSchema;
  /** What clients see: a part of `schema`, under the same names. @default schema */
  readonly clientSchema?: GraphQLSchema;
  /** The objects that were given to `stitchSchemas`. With an executor a subschema is remote. */
  readonly subschemas: readonly SubschemaConfig[];
  /** The gateway's resolvers: by type, then by field. */
  readonly resolvers?: Readonly<Record<string, unknown>>;
  /** Who may read what. @default everybody everything */
  readonly access?: Access | undefined;
  /** Room for compiled plans, in bytes as estimated from their size. @default 33554432 */
  readonly planCacheBytes?: number;
  readonly limits?: Limits;
  /** @default specifiedRules of graphql-js */
  readonly validationRules?: readonly ValidationRule[];
  /** Validation stops after this many errors. @default 100 */
  readonly maxValidationErrors?: number;
}

/** One operation, compiled: run it as often as you like. */
export interface Plan {
  readonly operation: OperationTypeNode;
  readonly operationName: string | null;
  /** Fields and fragments, once every fragment is written out. */
  readonly selections: number;
  readonly depth: number;
  readonly document: DocumentNode;
  /** Whether an execution can give more than one result: it has `@defer` or `@stream`. */
  readonly incremental: boolean;
  /** For this engine only. */
  readonly body: PlanBody;
}

export interface Refusal {
  readonly errors: readonly GraphQLError[];
}

export interface Inputs {
  /** As the client sent them. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly context?: unknown;
  /** When it aborts, nothing new is started and the execution rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the client takes an answer in parts; otherwise `@defer` and `@stream` have no effect. @default true */
  readonly incremental?: boolean;
}

export interface Engine {
  /** Parses, measures, validates and plans; what it made before it takes from its cache. Never throws. */
  prepare(source: string | DocumentNode, operationName?: string | null): Plan | Refusal;
  /** Runs a query or mutation. With `@defer` or `@stream` the result may have more to come. */
  execute(plan: Plan, inputs: Inputs): MaybePromise<ExecutionResult | IncrementalExecution>;
  /**
   * The same as the text of a response body, written without building objects; with errors it is
   * the result itself, for the caller to write. `@defer` and `@stream` do nothing in it.
   */
  executeToText(plan: Plan, inputs: Inputs): MaybePromise<JsonText | ExecutionResult>;
  /** Opens a subscription: what it hears, for the caller to have answered; or why there is nothing. */
  subscribe(plan: Plan, inputs: Inputs): Promise<Subscribed | ExecutionResult>;
  /** The plan as indented text: fields, their subschemas, merges with keys and entries. */
  explain(plan: Plan): string;
}

/**
 * An engine for one stitched configuration. Throws at once on what it cannot plan: transforms,
 * custom merge resolvers, entries that do not exist, derived fields that need themselves.
 */
export function createEngine(options: EngineOptions): Engine {
  const graph = createGraph(options);
  const clientSchema = options.clientSchema ?? options.schema;
  const prepare = createPlanner(graph, clientSchema, options);

  const coerce = (plan: Plan, inputs: Inputs, parts: boolean) => {
    const definitions = plan.body.operation.variableDefinitions ?? [];
    const coerced =
      definitions.length === 0
        ? noVariables
        : getVariableValues(clientSchema, definitions, inputs.variables ?? {}, {
            maxErrors: 50,
          });
    if (coerced.errors) return { errors: coerced.errors };
    const undecided = nullConditions(plan.body, coerced.coerced);
    if (undecided.length > 0) return { errors: undecided };
    return {
      body: decide(plan.body, inputs.context),
      clientSchema,
      variables: coerced.coerced,
      context: inputs.context,
      signal: inputs.signal,
      parts,
    };
  };

  const execute: Engine['execute'] = (plan, inputs) => {
    if (inputs.signal?.aborted) return Promise.reject(abortReason(inputs.signal));
    const input = coerce(plan, inputs, inputs.incremental ?? true);
    return 'errors' in input ? { errors: input.errors } : executePlan(input);
  };

  return {
    prepare,
    execute,
    executeToText(plan, inputs) {
      if (inputs.signal?.aborted) return Promise.reject(abortReason(inputs.signal));
      const input = coerce(plan, inputs, false);
      if ('errors' in input) return { errors: input.errors };
      return executePlanToText(input);
    },
    async subscribe(plan, inputs) {
      if (inputs.signal?.aborted) throw abortReason(inputs.signal);
      const input = coerce(plan, inputs, false);
      if ('errors' in input) return { errors: input.errors };
      return subscribePlan(input, plan.body);
    },
    explain: (plan) => explainPlan(plan.body),
  };
}

const noVariables = { coerced: {}, errors: undefined };

function abortReason(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  return reason instanceof Error ? reason : new GraphQLError('The operation was aborted.');
}
