import { BackendError, type BackendErrorOptions } from '../error.ts';

/** What policies have to know of an attempt that failed. */
export interface FailureFacts {
  /** Speaks against the endpoint: a timeout, a reset, a 5xx. Not a 4xx. */
  readonly blamed: boolean;
  /** Another attempt may succeed where this one failed: no connection, 502, 503, 429, UNAVAILABLE. */
  readonly transient: boolean;
  /** Nothing of it reached the backend, so another attempt repeats no effect. */
  readonly unsent: boolean;
  /** A kept connection turned out to be closed: says nothing about the backend. */
  readonly staleConnection: boolean;
  /** How long the backend asks to wait before another attempt, in milliseconds; 0 when it does not say. */
  readonly retryAfterMs: number;
}

const none: FailureFacts = {
  blamed: false,
  transient: false,
  unsent: false,
  staleConnection: false,
  retryAfterMs: 0,
};

/** A backend's error, with the facts that its wire saw. */
export class WireError extends BackendError {
  readonly facts: FailureFacts;

  constructor(options: BackendErrorOptions, facts: Partial<FailureFacts>) {
    super(options);
    this.facts = { ...none, ...facts };
  }
}

/** The facts of any failed attempt; those of an error that no wire of ours made follow from its code. */
export function factsOf(error: unknown): FailureFacts {
  if (error instanceof WireError) return error.facts;
  if (!(error instanceof BackendError)) return none;
  const { code, retryable } = error;
  return {
    ...none,
    blamed:
      code === 'UPSTREAM_TIMEOUT' ||
      code === 'UPSTREAM_UNAVAILABLE' ||
      (code === 'UPSTREAM_BAD_RESPONSE' && retryable),
    transient: retryable && (code === 'UPSTREAM_UNAVAILABLE' || code === 'RATE_LIMITED'),
  };
}

/** The facts of an HTTP status outside 200–299. */
export function httpStatusFacts(
  status: number,
  retryAfter: string | readonly string[] | undefined,
): Partial<FailureFacts> {
  return {
    blamed: status >= 500,
    transient: status === 502 || status === 503 || status === 429,
    retryAfterMs: typeof retryAfter === 'string' ? retryAfterMs(retryAfter) : 0,
  };
}

/** The facts of a gRPC status other than OK. */
export function grpcStatusFacts(
  status: number,
  details: string,
  pushbackMs: unknown,
): Partial<FailureFacts> {
  return {
    // UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS
    blamed: [2, 4, 13, 14, 15].includes(status),
    transient: status === 14,
    // grpc-js says so when no connection could be made for it.
    unsent: status === 14 && /^(No connection established|Name resolution failed)/.test(details),
    retryAfterMs: Math.max(0, Number(pushbackMs) || 0),
  };
}

/** `Retry-After`: seconds, or a date. */
function retryAfterMs(text: string): number {
  if (/^\s*\d{1,6}\s*$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now());
}
