/** Every `extensions.code` a client can see; the set is closed. */
export const errorCodes = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
  'COST_LIMIT_EXCEEDED',
  'PERSISTED_ONLY',
  'CLIENT_UPGRADE_REQUIRED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_OVERLOADED',
  'UPSTREAM_BAD_RESPONSE',
  'CIRCUIT_OPEN',
  'INTERNAL_SERVER_ERROR',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The codes a backend call can fail with. */
export type BackendErrorCode = Extract<
  ErrorCode,
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_OVERLOADED'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'CIRCUIT_OPEN'
>;

export interface BackendErrorOptions {
  readonly code: BackendErrorCode;
  /** The backend's name, as its definition has it. */
  readonly backend: string;
  /** For the log: may name hosts, statuses and bodies. Clients see a sentence of our own. */
  readonly message: string;
  /** Whether asking again later can help. @default false */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** What any failed backend call becomes, whatever its wire. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly code: BackendErrorCode;
  readonly backend: string;
  readonly retryable: boolean;

  constructor(options: BackendErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.backend = options.backend;
    this.retryable = options.retryable ?? false;
  }
}

export function isBackendError(value: unknown): value is BackendError {
  return value instanceof BackendError;
}
