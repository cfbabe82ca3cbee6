import type { Limits } from '../../limits.ts';
import type { ClientIdentity, Viewer } from '../../request.ts';
import type { ClientRules } from './client-gate.ts';
import { createSharedBuckets, type SharedCounts } from './shared-buckets.ts';
import {
  type BucketSize,
  createLocalBuckets,
  type Taken,
  type TokenBuckets,
} from './token-buckets.ts';

export interface RateLimitOptions {
  /** The bff's name: viewers have a budget at each. */
  readonly name: string;
  readonly limits: Limits;
  /** Apps that have a budget of their own; what others call themselves gives them none. */
  readonly clients: ClientRules;
  /** What instances share; without it each limits by itself. @default none */
  readonly counts?: SharedCounts | undefined;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/** Who spends. */
export interface Spender {
  readonly viewer: Viewer | null;
  readonly client: ClientIdentity;
  /** Null for a request that came over no socket. */
  readonly address: string | null;
}

export interface Spent {
  readonly granted: boolean;
  /** `RateLimit` and `RateLimit-Policy`; with `Retry-After` when refused. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RateLimit {
  /** One request of an address, before anybody knows who sent it. */
  request(address: string): Spent | null | Promise<Spent | null>;
  /** The points of one operation: of the viewer's budget, or of the address's when nobody is logged in. */
  operation(spender: Spender, points: number): Spent | Promise<Spent>;
  close(): Promise<void>;
}

/**
 * Two budgets, both token buckets: requests of an address, whoever it says it is, and points of a
 * viewer in one app. Headers follow the IETF's draft (RateLimit header fields for HTTP).
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { name, limits, clients, counts, now } = options;
  const addressSize = {
    capacity: limits.addressRequests,
    perSecond: limits.addressRequestsPerSecond,
  };
  const budgetSize = { capacity: limits.budgetPoints, perSecond: limits.budgetPointsPerSecond };
  const buckets = (kind: string, size: BucketSize): TokenBuckets =>
    counts
      ? createSharedBuckets(`${name}:${kind}`, size, counts, now)
      : createLocalBuckets(size, now);
  const addresses = buckets('address', addressSize);
  const budgets = buckets('budget', budgetSize);
  const refusedRequest = told('address', addressSize);
  const spentOperation = told('budget', budgetSize, 'points');

  return {
    request(address) {
      const taken = addresses.take(address, 1);
      const only = (one: Taken) => (one.granted ? null : refusedRequest(one));
      return taken instanceof Promise ? taken.then(only) : only(taken);
    },
    operation({ viewer, client, address }, points) {
      const app = client.name !== null && Object.hasOwn(clients, client.name) ? client.name : '';
      const who = viewer ? `viewer:${viewer.subject}` : `address:${address ?? ''}`;
      const taken = budgets.take(`${app}:${who}`, Math.max(1, points));
      return taken instanceof Promise ? taken.then(spentOperation) : spentOperation(taken);
    },
    async close() {
      await Promise.all([addresses.close(), budgets.close(), counts?.close()]);
    },
  };
}

/** Writes what was taken as headers. */
function told(policy: string, { capacity, perSecond }: BucketSize, unit?: string) {
  const windowSeconds = Math.ceil(capacity / perSecond);
  const rule = `"${policy}";q=${capacity};w=${windowSeconds}${unit ? `;qu="${unit}"` : ''}`;
  return ({ granted, remaining, waitMs }: Taken): Spent => {
    const fullSeconds = Math.ceil((capacity - remaining) / perSecond);
    const headers = {
      'ratelimit-policy': rule,
      ratelimit: `"${policy}";r=${remaining};t=${fullSeconds}`,
    };
    if (granted) return { granted, headers };
    const retryAfter = String(Math.max(1, Math.ceil(waitMs / 1_000)));
    return { granted, headers: { ...headers, 'retry-after': retryAfter } };
  };
}
