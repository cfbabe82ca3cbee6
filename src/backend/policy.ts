import type { Backend } from './backend.ts';
import type {
  BreakerOptions,
  BulkheadOptions,
  CallPolicy,
  FailoverOptions,
  HealthCheckOptions,
  HedgingOptions,
  OutlierEjectionOptions,
  RetryBudgetOptions,
  SplitOptions,
} from './policy-options.ts';
import { checkPolicy } from './check-policy.ts';

/** How one call behaves, with nothing left open. `idempotent` is null where the operation decides. */
export interface EffectiveCallPolicy {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryMinDelayMs: number;
  readonly retryMaxDelayMs: number;
  readonly idempotent: boolean | null;
  readonly breaker: Required<BreakerOptions> | false;
  readonly hedging: Required<HedgingOptions> | false;
}

/** A policy with nothing left open; plain data, so that `JSON.stringify` prints it. */
export interface EffectiveBackendPolicy extends EffectiveCallPolicy {
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxConnections: number;
  readonly resilience: 'own' | 'mesh';
  readonly retryBudget: Required<RetryBudgetOptions>;
  readonly bulkhead: Required<BulkheadOptions>;
  readonly outlierEjection: Required<OutlierEjectionOptions> | false;
  readonly failover: Required<FailoverOptions>;
  readonly zone: string | null;
  readonly split: Readonly<Record<string, Required<SplitOptions>>>;
  readonly healthCheck:
    | (Required<Omit<HealthCheckOptions, 'path'>> & { path: string | null })
    | false;
  readonly operations: Readonly<Record<string, EffectiveCallPolicy>>;
}

/** Time kept from the operation's deadline for assembling the answer, in milliseconds. */
export const assemblyMs = 50;

/** A call with less time left than this is not sent, in milliseconds. */
export const leastRemainingMs = 20;

const breaker = {
  failureShare: 0.5,
  leastCalls: 20,
  windowMs: 10_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  probes: 3,
};
const hedging = { percentile: 0.95, maxShare: 0.05 };
const healthCheck = {
  path: null,
  service: '',
  intervalMs: 5_000,
  timeoutMs: 1_000,
  unhealthyAfter: 2,
  healthyAfter: 2,
};

const defaults: EffectiveBackendPolicy = {
  timeoutMs: 1_000,
  connectTimeoutMs: 500,
  maxResponseBytes: 8 * 1024 * 1024,
  maxConnections: 32,
  resilience: 'own',
  retries: 1,
  retryMinDelayMs: 25,
  retryMaxDelayMs: 250,
  idempotent: null,
  breaker,
  hedging: false,
  retryBudget: { share: 0.1, perSecond: 3, windowMs: 10_000 },
  bulkhead: { maxInFlight: 64, maxWaiting: 64, maxWaitMs: 100 },
  outlierEjection: { failuresInARow: 5, ejectMs: 30_000, maxShare: 0.5 },
  failover: { leastHealthyShare: 0.5, backAfterMs: 30_000, writes: false },
  zone: null,
  split: {},
  healthCheck: false,
  operations: {},
};

const kindDefaults = {
  rest: {},
  queue: {},
  graphql: {},
  grpc: { maxResponseBytes: 4 * 1024 * 1024 },
} as const;

/**
 * The policy that calls to a backend run under: the defaults of its kind, then its own options,
 * then for each of its `operations` those once more.
 *
 * Fails: RangeError naming backend, option, range and value.
 */
export function effectivePolicy(
  backend: Pick<Backend, 'name' | 'kind' | 'policy'>,
): EffectiveBackendPolicy {
  const { name, kind, policy: given } = backend;
  checkPolicy(name, kind, given);
  const base: EffectiveBackendPolicy = { ...defaults, ...kindDefaults[kind] };
  const ofBackend = callPolicy(base, given);
  return {
    ...base,
    ...ofBackend,
    connectTimeoutMs: given.connectTimeoutMs ?? base.connectTimeoutMs,
    maxResponseBytes: given.maxResponseBytes ?? base.maxResponseBytes,
    maxConnections: given.maxConnections ?? base.maxConnections,
    resilience: given.resilience ?? base.resilience,
    retryBudget: { ...base.retryBudget, ...given.retryBudget },
    bulkhead: { ...base.bulkhead, ...given.bulkhead },
    outlierEjection: merged(base.outlierEjection, given.outlierEjection),
    failover: { ...base.failover, ...given.failover },
    zone: given.zone ?? null,
    split: Object.fromEntries(
      Object.entries(given.split ?? {}).map(([group, { percent = 0, clients = [] }]) => [
        group,
        { percent, clients },
      ]),
    ),
    healthCheck: given.healthCheck ? { ...healthCheck, ...given.healthCheck } : false,
    operations: Object.fromEntries(
      Object.entries(given.operations ?? {}).map(([operation, own]) => [
        operation,
        callPolicy(ofBackend, own),
      ]),
    ),
  };
}

/** How calls of one operation behave. */
export function policyOf(policy: EffectiveBackendPolicy, operation: string): EffectiveCallPolicy {
  return policy.operations[operation] ?? policy;
}

function callPolicy(base: EffectiveCallPolicy, given: CallPolicy): EffectiveCallPolicy {
  return {
    timeoutMs: given.timeoutMs ?? base.timeoutMs,
    retries: given.retries ?? base.retries,
    retryMinDelayMs: given.retryMinDelayMs ?? base.retryMinDelayMs,
    retryMaxDelayMs: given.retryMaxDelayMs ?? base.retryMaxDelayMs,
    idempotent: given.idempotent ?? base.idempotent,
    breaker: merged(base.breaker || breaker, given.breaker ?? (base.breaker ? undefined : false)),
    hedging: given.hedging
      ? { ...(base.hedging || hedging), ...given.hedging }
      : (given.hedging ?? base.hedging),
  };
}

function merged<Options extends object>(
  base: Options | false,
  given: Partial<Options> | false | undefined,
): Options | false {
  if (given === undefined || base === false) return base;
  return given === false ? false : { ...base, ...given };
}
