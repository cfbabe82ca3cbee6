import type {
  DocumentNode,
  ExecutionResult,
  FormattedExecutionResult,
  GraphQLError,
  GraphQLSchema,
} from 'graphql';
import type { JsonText } from '../engine/text.ts';
import type { RequestContext } from '../request.ts';
import type { Limits } from '../limits.ts';
import type { ClientRules } from './admission/client-gate.ts';
import type { RegisteredOperations } from './admission/registered-operations.ts';

/** One client's graph, ready to be served. Made from a bff's description. */
export interface Composed<Plan = unknown> {
  /** `web`, `mobile`. */
  readonly name: string;
  /** What this client introspects and is validated against. */
  readonly clientSchema: GraphQLSchema;
  readonly engine: Engine<Plan>;
  readonly limits: Limits;
  /** The operations of all released versions of its apps. */
  readonly registered: RegisteredOperations;
  /** Its apps, by the name that they send. */
  readonly clients: ClientRules;
  /** Operations that the explorer opens in tabs. */
  readonly examples: readonly Example[];
}

export interface Example {
  readonly name: string;
  readonly source: string;
  readonly variables?: string;
}

/** Runs operations of one client. Every transport reaches it through the same admission. */
export interface Engine<Plan = unknown> {
  /** Validates and plans; `errors` are the document's own. */
  prepare(
    source: string | DocumentNode,
    operationName?: string | null,
  ): Plan | { readonly errors: readonly GraphQLError[] };
  /** A query or a mutation. Errors of the request itself (variables) come without `data`. */
  execute(plan: Plan, options: ExecuteOptions): MaybePromise<ExecutionResult | IncrementalAnswer>;
  /** The same in one piece: the body, or the result when it has errors. */
  executeToText(
    plan: Plan,
    options: Omit<ExecuteOptions, 'incremental'>,
  ): MaybePromise<JsonText | ExecutionResult>;
  /** A subscription: what it hears, or why there is nothing. */
  subscribe(
    plan: Plan,
    options: Omit<ExecuteOptions, 'incremental'>,
  ): MaybePromise<Subscribed | ExecutionResult>;
}

export interface ExecuteOptions {
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: RequestContext;
  readonly signal: AbortSignal;
  /** Whether the client takes an answer in parts; `@defer` and `@stream` are without effect otherwise. */
  readonly incremental: boolean;
}

export interface Subscribed {
  readonly events: AsyncIterable<unknown>;
  /**
   * One event's answer: its body, or the result when it has errors. Each has a context of its own,
   * so that nothing is remembered from one to the next; what its viewer may see is asked anew.
   */
  answer(
    event: unknown,
    inputs: Pick<ExecuteOptions, 'context' | 'signal'>,
  ): MaybePromise<JsonText | ExecutionResult>;
}

/** The answer to an operation with `@defer` or `@stream`. */
export interface IncrementalAnswer {
  readonly initialResult: IncrementalPart;
  readonly subsequentResults: AsyncGenerator<IncrementalPart, void, void>;
}

/** One part, as `multipart/mixed; deferSpec=20220824` has it: a result, or patches for an earlier one. */
export interface IncrementalPart {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
  readonly hasNext: boolean;
  readonly incremental?: readonly IncrementalPatch[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface IncrementalPatch {
  readonly path?: readonly (string | number)[];
  readonly label?: string;
  readonly data?: unknown;
  readonly items?: readonly unknown[] | null;
  readonly errors?: readonly GraphQLError[];
}

export type MaybePromise<T> = T | Promise<T>;

/** What any transport sends to its client. */
export type Answer = FormattedExecutionResult & { errors?: readonly GraphQLError[] };
