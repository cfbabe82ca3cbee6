import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import { leftError } from '../call.ts';
import { type EffectiveBackendPolicy, leastRemainingMs, policyOf } from '../policy.ts';
import { type FailureFacts, factsOf } from '../wire-failure.ts';
import { emit } from './events.ts';
import { ShareBudget } from './share-budget.ts';

/** What calls are tried at: whether a breaker would let one through is asked before waiting for it. */
export interface Tried extends Pick<Transport, 'call'> {
  admits(call: BackendCall, now: number): boolean;
}

/**
 * A transport that tries once more where that may help and can do no harm: an idempotent call, or
 * one of which nothing was sent, that found no connection, 502, 503, 429 or UNAVAILABLE. It waits a
 * random while, or as long as the backend asks; never past the deadline, never past the budget.
 * A kept connection that turns out to be closed is replaced at once, outside the budget.
 */
export class Retry {
  readonly #inner: Tried;
  readonly #policy: EffectiveBackendPolicy;
  readonly #budget: ShareBudget;
  calls = 0;
  retries = 0;
  refused = 0;
  staleConnections = 0;

  constructor(inner: Tried, policy: EffectiveBackendPolicy) {
    this.#inner = inner;
    this.#policy = policy;
    this.#budget = new ShareBudget(policy.retryBudget);
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    this.calls += 1;
    this.#budget.called(performance.now());
    return this.#inner.call(call).then(undefined, (error: unknown) => this.#recover(call, error));
  }

  async #recover(call: BackendCall, error: unknown): Promise<BackendAnswer> {
    const facts = factsOf(error);
    if (!facts.staleConnection || !call.idempotent || call.signal.aborted) {
      return this.#again(call, error, facts);
    }
    this.staleConnections += 1;
    emit({ kind: 'stale-connection', backend: call.backend, operation: call.operation });
    const fresh = { ...call, freshConnection: true };
    return this.#inner
      .call(fresh)
      .then(undefined, (second: unknown) => this.#again(fresh, second, factsOf(second)));
  }

  async #again(call: BackendCall, error: unknown, facts: FailureFacts): Promise<BackendAnswer> {
    const { backend, operation, idempotent, signal, deadline } = call;
    const { retries, retryMinDelayMs, retryMaxDelayMs } = policyOf(this.#policy, operation);
    const safe = idempotent || facts.unsent;
    if (retries === 0 || !facts.transient || !safe || signal.aborted) throw error;
    if (this.#policy.resilience === 'mesh') throw error;
    const jitterMs = retryMinDelayMs + Math.random() * (retryMaxDelayMs - retryMinDelayMs);
    const delayMs = Math.max(jitterMs, facts.retryAfterMs);
    const now = performance.now();
    if (now + delayMs + leastRemainingMs > deadline) throw error;
    if (!this.#inner.admits(call, now)) throw error;
    if (!this.#budget.take(now)) {
      this.refused += 1;
      emit({ kind: 'retry-refused', backend, operation });
      throw error;
    }
    this.retries += 1;
    emit({ kind: 'retry', backend, operation });
    await pause(call, delayMs);
    // A breaker that opened meanwhile says less than what happened.
    if (!this.#inner.admits(call, performance.now())) throw error;
    return this.#inner.call(call);
  }
}

/** Rejects when the caller leaves meanwhile. */
function pause(call: BackendCall, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(leftError(call));
    };
    const timer = setTimeout(() => {
      call.signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    call.signal.addEventListener('abort', leave);
  });
}
