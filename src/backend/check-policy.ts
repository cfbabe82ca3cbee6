import type { Backend, BackendPolicy } from './backend.ts';
import { didYouMean } from './did-you-mean.ts';

/** The rule of one option. */
type Rule =
  | { readonly least: number; readonly most: number; readonly whole?: true }
  | { readonly oneOf: readonly unknown[] }
  | { readonly text: true }
  | { readonly texts: true }
  | { readonly options: Rules; readonly orFalse?: true }
  | { readonly each: Rules; readonly named: (name: string) => string | null };

type Rules = Readonly<Record<string, Rule>>;

const day = 86_400_000;
const ms = { least: 1, most: day } as const;
const waitMs = { least: 0, most: day } as const;
const share = { least: 0, most: 1 } as const;
const shareAbove0 = { least: 0.001, most: 1 } as const;
const count = { least: 1, most: 1_000_000, whole: true } as const;

const callRules: Rules = {
  timeoutMs: ms,
  retries: { least: 0, most: 1, whole: true },
  retryMinDelayMs: waitMs,
  retryMaxDelayMs: waitMs,
  idempotent: { oneOf: [true, false] },
  breaker: {
    orFalse: true,
    options: {
      failureShare: shareAbove0,
      leastCalls: count,
      windowMs: { least: 100, most: day },
      openMs: ms,
      maxOpenMs: ms,
      probes: { least: 1, most: 100, whole: true },
    },
  },
  hedging: {
    orFalse: true,
    options: { percentile: { least: 0.5, most: 0.999 }, maxShare: shareAbove0 },
  },
};

function backendRules(kind: Backend['kind']): Rules {
  return {
    ...callRules,
    connectTimeoutMs: ms,
    maxResponseBytes: { least: 1, most: 2 ** 30, whole: true },
    maxConnections: { least: 1, most: 10_000, whole: true },
    resilience: { oneOf: ['own', 'mesh'] },
    retryBudget: {
      options: {
        share,
        perSecond: { least: 0, most: 1_000 },
        windowMs: { least: 1_000, most: day },
      },
    },
    bulkhead: {
      options: {
        maxInFlight: count,
        maxWaiting: { least: 0, most: 1_000_000, whole: true },
        maxWaitMs: waitMs,
      },
    },
    outlierEjection: {
      orFalse: true,
      options: { failuresInARow: count, ejectMs: ms, maxShare: share },
    },
    failover: {
      options: { leastHealthyShare: share, backAfterMs: waitMs, writes: { oneOf: [true, false] } },
    },
    zone: { text: true },
    split: {
      named: () => null,
      each: { percent: { least: 0, most: 100 }, clients: { texts: true } },
    },
    healthCheck: {
      orFalse: true,
      options: {
        ...(kind === 'grpc' ? { service: { text: true } } : { path: { text: true } }),
        intervalMs: { least: 10, most: day },
        timeoutMs: ms,
        unhealthyAfter: count,
        healthyAfter: count,
      },
    },
    operations: { named: (name) => operationRule(kind, name), each: callRules },
  };
}

/**
 * Checks each option that a policy gives.
 *
 * Fails: RangeError naming backend, option, range and value; for a name that is no option, the nearest.
 */
export function checkPolicy(backend: string, kind: Backend['kind'], policy: BackendPolicy): void {
  checkAll(`backend "${backend}": policy`, backendRules(kind), policy);
  const { retryMinDelayMs = 25, retryMaxDelayMs = 250 } = policy;
  if (retryMinDelayMs > retryMaxDelayMs) {
    throw new RangeError(
      `backend "${backend}": policy.retryMinDelayMs must be at most retryMaxDelayMs (${retryMaxDelayMs}), but got: ${retryMinDelayMs}`,
    );
  }
}

function checkAll(place: string, rules: Rules, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const rule = rules[name];
    if (rule === undefined) {
      throw new RangeError(
        `${place}.${name} is no option${didYouMean(name, Object.keys(rules)) || `; there are ${Object.keys(rules).join(', ')}`}`,
      );
    }
    if (value !== undefined) check(`${place}.${name}`, rule, value);
  }
}

function check(place: string, rule: Rule, value: unknown): void {
  if ('least' in rule) {
    const fits =
      typeof value === 'number' &&
      value >= rule.least &&
      value <= rule.most &&
      (rule.whole !== true || Number.isInteger(value));
    if (fits) return;
    const what = rule.whole === true ? 'a whole number' : 'a number';
    throw wrong(place, `${what} from ${rule.least} to ${rule.most}`, value);
  }
  if ('oneOf' in rule) {
    if (rule.oneOf.includes(value)) return;
    throw wrong(place, rule.oneOf.map((each) => JSON.stringify(each)).join(' or '), value);
  }
  if ('text' in rule) {
    if (typeof value === 'string') return;
    throw wrong(place, 'text', value);
  }
  if ('texts' in rule) {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return;
    throw wrong(place, 'a list of texts', value);
  }
  if ('options' in rule && rule.orFalse === true && value === false) return;
  if (typeof value !== 'object' || value === null) {
    const orFalse = 'options' in rule && rule.orFalse === true ? ', or false' : '';
    throw wrong(place, `an object of options${orFalse}`, value);
  }
  if ('options' in rule) {
    checkAll(place, rule.options, value);
    return;
  }
  for (const [name, options] of Object.entries(value)) {
    const broken = rule.named(name);
    if (broken !== null) throw new RangeError(`${place}[${JSON.stringify(name)}]: ${broken}`);
    checkAll(`${place}[${JSON.stringify(name)}]`, rule.each, options);
  }
}

function operationRule(kind: Backend['kind'], name: string): string | null {
  switch (kind) {
    case 'rest':
      return /^(GET|HEAD|POST|PUT|PATCH|DELETE) \//.test(name)
        ? null
        : 'an operation is named by method and path template, such as "GET /airports/{iata}"';
    case 'grpc':
      return /^[\w.]+\/\w+$/.test(name)
        ? null
        : 'an operation is named by service and method, such as "flights.v1.Flights/GetFlight"';
    default:
      return /^(query|mutation|subscription) \w+$/.test(name)
        ? null
        : 'an operation is named by kind and name, such as "query Reviews"';
  }
}

function wrong(place: string, rule: string, value: unknown): RangeError {
  return new RangeError(
    `${place} must be ${rule}, but got: ${typeof value === 'number' ? String(value) : JSON.stringify(value)}`,
  );
}
