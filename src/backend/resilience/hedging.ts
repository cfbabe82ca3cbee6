import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import type { HedgingOptions } from '../policy-options.ts';
import { type EffectiveBackendPolicy, leastRemainingMs, policyOf } from '../policy.ts';
import { emit } from './events.ts';
import { ShareBudget } from './share-budget.ts';

const remembered = 200;
const leastRemembered = 20;

/**
 * A transport that sends an idempotent read once more when its answer takes longer than most did
 * lately; whichever attempt answers first is the answer, and the other is cancelled.
 */
export class Hedging {
  readonly #inner: Pick<Transport, 'call'>;
  readonly #policy: EffectiveBackendPolicy;
  readonly #byOperation = new Map<string, Latencies>();
  hedges = 0;

  constructor(inner: Pick<Transport, 'call'>, policy: EffectiveBackendPolicy) {
    this.#inner = inner;
    this.#policy = policy;
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    const options = policyOf(this.#policy, call.operation).hedging;
    const isRead = call.idempotent && call.headers['idempotency-key'] === undefined;
    if (options === false || !isRead) return this.#inner.call(call);
    let latencies = this.#byOperation.get(call.operation);
    if (latencies === undefined) {
      this.#byOperation.set(call.operation, (latencies = new Latencies(options)));
    }
    return this.#race(call, latencies);
  }

  #race(call: BackendCall, latencies: Latencies): Promise<BackendAnswer> {
    const startedAt = performance.now();
    latencies.budget.called(startedAt);
    const { afterMs } = latencies;
    if (startedAt + afterMs > call.deadline) {
      return this.#inner.call(call).then((answer) => {
        latencies.observe(performance.now() - startedAt);
        return answer;
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<BackendAnswer>();
    const attempts: AbortController[] = [];
    let failed = 0;
    let settled = false;
    const end = (winner: number): void => {
      settled = true;
      clearTimeout(timer);
      attempts.forEach((attempt, index) => index === winner || attempt.abort());
    };
    const send = (): void => {
      const index = attempts.push(new AbortController()) - 1;
      const signal = AbortSignal.any([call.signal, attempts[index]!.signal]);
      this.#inner.call({ ...call, signal }).then(
        (answer) => {
          if (settled) return;
          end(index);
          latencies.observe(performance.now() - startedAt);
          resolve(answer);
        },
        (error: unknown) => {
          failed += 1;
          if (settled || failed < attempts.length) return;
          end(index);
          reject(error);
        },
      );
    };
    send();
    const timer = setTimeout(() => {
      const now = performance.now();
      if (now + leastRemainingMs > call.deadline || !latencies.budget.take(now)) return;
      this.hedges += 1;
      emit({ kind: 'hedge', backend: call.backend, operation: call.operation });
      send();
    }, afterMs);
    return promise;
  }
}

/** The recent latencies of one operation, and how many second attempts it may still make. */
class Latencies {
  readonly budget: ShareBudget;
  /** No second attempt before this; infinite while too few are known. In milliseconds. */
  afterMs = Number.POSITIVE_INFINITY;
  readonly #percentile: number;
  readonly #ring = new Float64Array(remembered);
  #seen = 0;

  constructor(options: Required<HedgingOptions>) {
    this.#percentile = options.percentile;
    this.budget = new ShareBudget({ share: options.maxShare, perSecond: 0, windowMs: 10_000 });
  }

  observe(tookMs: number): void {
    this.#ring[this.#seen % remembered] = tookMs;
    this.#seen += 1;
    if (this.#seen < leastRemembered || this.#seen % leastRemembered !== 0) return;
    const sorted = this.#ring.slice(0, Math.min(this.#seen, remembered)).sort();
    this.afterMs = sorted[Math.floor(sorted.length * this.#percentile)]!;
  }
}
