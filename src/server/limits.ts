/** What one client may ask for. Counts carry no unit; the rest say theirs. */
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
  frameLimitBytes: 128 * 1024,
  socketInitMs: 3_000,
  socketOperations: 50,
  queryDeadlineMs: 5_000,
  mutationDeadlineMs: 10_000,
};

/** The limits that are counted in the document itself, before it is validated. */
export type DocumentLimit = 'depth' | 'selections' | 'aliases' | 'rootFields' | 'directives';
