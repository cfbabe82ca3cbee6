import type { BackendErrorCode } from '../error.ts';

/** What a failed answer means to us, whatever its wire. */
export interface StatusMeaning {
  readonly code: BackendErrorCode;
  /** Whether asking again later can help. */
  readonly retryable: boolean;
}

interface Row extends StatusMeaning {
  readonly http: readonly number[];
  /** gRPC status numbers; their names are in the comment. */
  readonly grpc: readonly number[];
}

// One row per meaning. Redirects are not followed: an API that moved is a wrong answer.
const rows: readonly Row[] = [
  // INVALID_ARGUMENT, OUT_OF_RANGE
  { code: 'BAD_USER_INPUT', retryable: false, http: [400, 413, 414, 422], grpc: [3, 11] },
  // UNAUTHENTICATED
  { code: 'UNAUTHENTICATED', retryable: false, http: [401, 407], grpc: [16] },
  // PERMISSION_DENIED
  { code: 'FORBIDDEN', retryable: false, http: [403, 451], grpc: [7] },
  // NOT_FOUND
  { code: 'NOT_FOUND', retryable: false, http: [404, 410], grpc: [5] },
  // ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED
  { code: 'CONFLICT', retryable: false, http: [409, 412, 423, 428], grpc: [6, 9, 10] },
  // RESOURCE_EXHAUSTED
  { code: 'RATE_LIMITED', retryable: true, http: [429], grpc: [8] },
  // DEADLINE_EXCEEDED
  { code: 'UPSTREAM_TIMEOUT', retryable: true, http: [408, 504], grpc: [4] },
  // CANCELLED, UNAVAILABLE
  { code: 'UPSTREAM_UNAVAILABLE', retryable: true, http: [425, 502, 503], grpc: [1, 14] },
  // UNKNOWN, INTERNAL, DATA_LOSS: it answered that it is broken
  { code: 'UPSTREAM_UNAVAILABLE', retryable: false, http: [500], grpc: [2, 13, 15] },
  // UNIMPLEMENTED: it does not speak the contract
  { code: 'UPSTREAM_BAD_RESPONSE', retryable: false, http: [405, 406, 415, 501], grpc: [12] },
];

const otherServerError: StatusMeaning = { code: 'UPSTREAM_UNAVAILABLE', retryable: false };
const other: StatusMeaning = { code: 'UPSTREAM_BAD_RESPONSE', retryable: false };

const byHttp = new Map(rows.flatMap((row) => row.http.map((status) => [status, row] as const)));
const byGrpc = new Map(rows.flatMap((row) => row.grpc.map((status) => [status, row] as const)));

/** The meaning of an HTTP status outside 200–299. */
export function httpStatusMeaning(status: number): StatusMeaning {
  return byHttp.get(status) ?? (status >= 500 ? otherServerError : other);
}

/** The meaning of a gRPC status other than OK. */
export function grpcStatusMeaning(status: number): StatusMeaning {
  return byGrpc.get(status) ?? other;
}
