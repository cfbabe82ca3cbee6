/**
 * What one client may ask for, and how often. Counts carry no unit; the rest say theirs. Set per
 * bff with `defineBff({ limits })`, per server with `createServer(bff, { limits })`.
 */
export interface Limits {
  /** Largest request body. @default 256 KiB */
  readonly bodyLimitBytes: number;
  /** Longest request target: path and query string. @default 8 KiB */
  readonly urlLimitBytes: number;
  /** All header names and values of a request together. @default 16 KiB */
  readonly headersLimitBytes: number;

  /** Tokens of a document, counted while parsing. @default 1000 */
  readonly tokens: number;
  /** Fields inside fields, fragments flattened; introspection does not count. @default 10 */
  readonly depth: number;
  /** Fields of an operation, every fragment counted where it is spread. @default 2000 */
  readonly selections: number;
  /** Aliased fields of an operation, `__typename` included. @default 15 */
  readonly aliases: number;
  /** Fields at the root of an operation. @default 20 */
  readonly rootFields: number;
  /** Directives of an operation. @default 10 */
  readonly directives: number;

  /** Points of an operation: one for each object it can reach, ten for each mutation. @default 1000 */
  readonly costPoints: number;
  /** Objects and leaf values that an answer can have. @default 10000 */
  readonly answerNodes: number;
  /** Largest `first` or `last` of a list in pages. @default 100 */
  readonly pageSize: number;
  /** How long a list counts that has no page size and declares no length. @default 10 */
  readonly assumedListSize: number;
  /** Items of all lists in one argument or one variable together. @default 250 */
  readonly inputItems: number;

  /** Points that one viewer, or one address when nobody is logged in, may spend at once. @default 10000 */
  readonly budgetPoints: number;
  /** Points that flow back into that budget each second. @default 100 */
  readonly budgetPointsPerSecond: number;
  /** Requests that one address may send at once, whoever it says it is. @default 500 */
  readonly addressRequests: number;
  /** Requests that one address may send each second in the long run. @default 50 */
  readonly addressRequestsPerSecond: number;

  /** Largest WebSocket frame. @default 128 KiB */
  readonly frameLimitBytes: number;
  /** How long an opened WebSocket may wait before it introduces itself. @default 3000 */
  readonly socketInitMs: number;
  /** Operations running at once on one WebSocket. @default 50 */
  readonly socketOperations: number;

  /** How long a query may take. @default 5000 */
  readonly queryDeadlineMs: number;
  /** How long a mutation may take. @default 10000 */
  readonly mutationDeadlineMs: number;

  /** p99 of the event loop's delay beyond which this process takes on less; Infinity: it never does. @default 50 */
  readonly eventLoopDelayMs: number;
  /** Operations that may run at once however slow the event loop is. @default 16 */
  readonly operationsFloor: number;
}

export const defaultLimits: Limits = {
  bodyLimitBytes: 256 * 1024,
  urlLimitBytes: 8 * 1024,
  headersLimitBytes: 16 * 1024,
  tokens: 1_000,
  depth: 10,
  selections: 2_000,
  aliases: 15,
  rootFields: 20,
  directives: 10,
  costPoints: 1_000,
  answerNodes: 10_000,
  pageSize: 100,
  assumedListSize: 10,
  inputItems: 250,
  budgetPoints: 10_000,
  budgetPointsPerSecond: 100,
  addressRequests: 500,
  addressRequestsPerSecond: 50,
  frameLimitBytes: 128 * 1024,
  socketInitMs: 3_000,
  socketOperations: 50,
  queryDeadlineMs: 5_000,
  mutationDeadlineMs: 10_000,
  eventLoopDelayMs: 50,
  operationsFloor: 16,
};

/** The limits that are counted in the document itself, before it is validated. */
export type DocumentLimit = 'depth' | 'selections' | 'aliases' | 'rootFields' | 'directives';

/** The limits that variables decide, counted for each request. */
export type CostLimit = 'costPoints' | 'answerNodes' | 'pageSize' | 'inputItems';
