/** How one call behaves; set for a backend, and again for single operations of it. */
export interface CallPolicy {
  /** One call's longest duration, all its attempts together, in milliseconds. @default 1000 */
  readonly timeoutMs?: number;
  /** Further attempts after a failure that may pass: 0 or 1. @default 1 */
  readonly retries?: number;
  /** Shortest and longest wait before another attempt, in milliseconds; evenly random between them. @default 25 and 250 */
  readonly retryMinDelayMs?: number;
  readonly retryMaxDelayMs?: number;
  /** Declares that sending it twice does no harm. @default by the operation: GET; Get, List, BatchGet, Search; query */
  readonly idempotent?: boolean;
  /** `false` never opens. */
  readonly breaker?: BreakerOptions | false;
  /** A second attempt beside a slow first one, for reads that are idempotent. @default false */
  readonly hedging?: HedgingOptions | false;
}

/** Stops asking an endpoint for an operation that fails there. */
export interface BreakerOptions {
  /** Share of failed calls that opens it, 0–1. @default 0.5 */
  readonly failureShare?: number;
  /** Fewer calls than this say nothing. @default 20 */
  readonly leastCalls?: number;
  /** How far back calls count, in milliseconds. @default 10000 */
  readonly windowMs?: number;
  /** How long it stays open at first, and at most after doubling, in milliseconds. @default 5000 and 60000 */
  readonly openMs?: number;
  readonly maxOpenMs?: number;
  /** Calls let through to see whether it may close: it does unless `failureShare` of them fail. @default 3 */
  readonly probes?: number;
}

/** Keeps retries from multiplying the load of a backend that fails. */
export interface RetryBudgetOptions {
  /** Retries over calls, 0–1. @default 0.1 */
  readonly share?: number;
  /** Retries in each second that are always allowed. @default 3 */
  readonly perSecond?: number;
  /** How far back calls count, in milliseconds. @default 10000 */
  readonly windowMs?: number;
}

/** Bounds what waits for one endpoint; beyond it calls fail with UPSTREAM_OVERLOADED. */
export interface BulkheadOptions {
  /** @default 64 */
  readonly maxInFlight?: number;
  /** In turn by viewer, or by address where nobody is logged in. @default 64 */
  readonly maxWaiting?: number;
  /** In milliseconds. @default 100 */
  readonly maxWaitMs?: number;
}

export interface HedgingOptions {
  /** The second attempt starts when the first takes longer than this share of recent ones, 0–1. @default 0.95 */
  readonly percentile?: number;
  /** Second attempts over calls, 0–1. @default 0.05 */
  readonly maxShare?: number;
}

/** Takes an endpoint out of the balance that fails while others do not. */
export interface OutlierEjectionOptions {
  /** @default 5 */
  readonly failuresInARow?: number;
  /** Times how often it was ejected, in milliseconds. @default 30000 */
  readonly ejectMs?: number;
  /** Share of endpoints that may be out at once, 0–1. @default 0.5 */
  readonly maxShare?: number;
}

/** When endpoints of the next priority are asked. */
export interface FailoverOptions {
  /** Under this share of healthy endpoints, 0–1. @default 0.5 */
  readonly leastHealthyShare?: number;
  /** Healthy for so long before calls return, in milliseconds. @default 30000 */
  readonly backAfterMs?: number;
  /** Whether writes may go elsewhere too. @default false */
  readonly writes?: boolean;
}

export interface SplitOptions {
  /** Share of viewers (of calls, where nobody is logged in), 0–100; the same ones each time. @default 0 */
  readonly percent?: number;
  /** Clients by name (`graphql-client-name`), all of whose calls go there. @default none */
  readonly clients?: readonly string[];
}

/** How an endpoint is asked for its health. */
export interface HealthCheckOptions {
  /** REST, GraphQL: answered with 200–299 when healthy. @default '/' of the endpoint, any status */
  readonly path?: string;
  /** gRPC: the service asked for at `grpc.health.v1.Health`. @default '', the server as a whole */
  readonly service?: string;
  /** In milliseconds, ±10%. @default 5000 */
  readonly intervalMs?: number;
  /** In milliseconds. @default 1000 */
  readonly timeoutMs?: number;
  /** Checks in a row that turn it. @default 2 and 2 */
  readonly unhealthyAfter?: number;
  readonly healthyAfter?: number;
}
