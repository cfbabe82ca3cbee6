import { BackendError, type BackendErrorCode, isBackendError } from '../../error.ts';
import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import type { BreakerOptions } from '../policy-options.ts';
import { type EffectiveBackendPolicy, policyOf } from '../policy.ts';
import { factsOf } from '../wire-failure.ts';
import { type BreakerPhase, emit } from './events.ts';

const buckets = 10;
/** Operations past this number, which only generated names reach, share one breaker. */
const mostOperations = 1_000;

/**
 * Decides whether calls may go on, from what came of earlier ones. Times in milliseconds.
 *
 * Judged is the latest stretch of at least a fifth of the window that has `leastCalls`, so that a
 * busy backend which hangs is not outvoted for long by its good seconds before.
 */
export class Breaker {
  readonly #options: Required<BreakerOptions>;
  readonly #onPhase: (phase: BreakerPhase) => void;
  readonly #bucketMs: number;
  readonly #calls = new Uint32Array(buckets);
  readonly #failures = new Uint32Array(buckets);
  #bucket = 0;
  #phase: BreakerPhase = 'closed';
  /** Counts phases: what a call of an earlier one comes to says nothing of this one. */
  #epoch = 1;
  #retryAt = 0;
  #openings = 0;
  #probing = 0;
  #probed = 0;
  #probesFailed = 0;

  constructor(options: Required<BreakerOptions>, onPhase: (phase: BreakerPhase) => void) {
    this.#options = options;
    this.#onPhase = onPhase;
    this.#bucketMs = options.windowMs / buckets;
  }

  get phase(): BreakerPhase {
    return this.#phase;
  }

  /** Whether a call would be let through. */
  admits(now: number): boolean {
    if (this.#phase === 'closed') return true;
    if (this.#phase === 'open') return now >= this.#retryAt;
    return this.#probing + this.#probed < this.#options.probes;
  }

  /** Lets a call through: a ticket to hand back with its outcome; 0 when it is refused. */
  enter(now: number): number {
    if (this.#phase === 'closed') return this.#epoch;
    if (!this.admits(now)) return 0;
    if (this.#phase === 'open') this.#turn('half-open');
    this.#probing += 1;
    return this.#epoch;
  }

  succeeded(ticket: number, now: number): void {
    if (ticket !== this.#epoch) return;
    if (this.#phase === 'closed') {
      this.#calls[this.#at(now)]!++;
      return;
    }
    this.#probing -= 1;
    this.#probed += 1;
    this.#closeAfterProbes();
  }

  failed(ticket: number, now: number): void {
    if (ticket !== this.#epoch) return;
    if (this.#phase === 'closed') {
      const at = this.#at(now);
      this.#calls[at]!++;
      this.#failures[at]!++;
      if (this.#isBad()) this.#open(now);
      return;
    }
    const { probes, failureShare } = this.#options;
    this.#probing -= 1;
    this.#probed += 1;
    this.#probesFailed += 1;
    if (this.#probesFailed >= probes * failureShare) this.#open(now);
    else this.#closeAfterProbes();
  }

  /** The call came to nothing that speaks for or against the backend. */
  ignored(ticket: number): void {
    if (ticket === this.#epoch && this.#phase === 'half-open') this.#probing -= 1;
  }

  /** One probe of three that fails, as every call may, keeps nobody waiting for another minute. */
  #closeAfterProbes(): void {
    if (this.#probed < this.#options.probes) return;
    this.#openings = 0;
    this.#calls.fill(0);
    this.#failures.fill(0);
    this.#turn('closed');
  }

  #open(now: number): void {
    const { openMs, maxOpenMs } = this.#options;
    const longest = Math.min(maxOpenMs, openMs * 2 ** this.#openings);
    this.#openings += 1;
    // A fifth of jitter: instances that opened together do not probe together.
    this.#retryAt = now + longest * (0.8 + Math.random() * 0.2);
    this.#turn('open');
  }

  #turn(phase: BreakerPhase): void {
    this.#phase = phase;
    this.#epoch += 1;
    this.#probing = 0;
    this.#probed = 0;
    this.#probesFailed = 0;
    this.#onPhase(phase);
  }

  #isBad(): boolean {
    const { leastCalls, failureShare } = this.#options;
    let calls = 0;
    let failures = 0;
    for (let back = 0; back < buckets; back++) {
      const at = (this.#bucket - back + buckets) % buckets;
      calls += this.#calls[at]!;
      failures += this.#failures[at]!;
      if (back > 0 && calls >= leastCalls) break;
    }
    return calls >= leastCalls && failures >= calls * failureShare;
  }

  /** The slot of `now`, after emptying those that the window has left. */
  #at(now: number): number {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket !== this.#bucket) {
      const passed = Math.min(bucket - this.#bucket, buckets);
      for (let ahead = 1; ahead <= passed; ahead++) {
        const at = (this.#bucket + ahead) % buckets;
        this.#calls[at] = 0;
        this.#failures[at] = 0;
      }
      this.#bucket = bucket;
    }
    return bucket % buckets;
  }
}

/** A transport whose failing operations are not asked for a while. Fails: BackendError CIRCUIT_OPEN. */
export class BreakerTransport {
  readonly #inner: Pick<Transport, 'call'>;
  readonly #policy: EffectiveBackendPolicy;
  readonly #endpoint: string;
  readonly #breakers = new Map<string, Breaker | null>();

  constructor(inner: Pick<Transport, 'call'>, policy: EffectiveBackendPolicy, endpoint: string) {
    this.#inner = inner;
    this.#policy = policy;
    this.#endpoint = endpoint;
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    const breaker = this.#of(call);
    if (breaker === null) return this.#inner.call(call);
    const ticket = breaker.enter(performance.now());
    if (ticket === 0) return Promise.reject(openError(call, this.#endpoint));
    return this.#inner.call(call).then(
      (answer) => {
        breaker.succeeded(ticket, performance.now());
        return answer;
      },
      (error: unknown) => {
        if (speaksAgainst(call, error)) breaker.failed(ticket, performance.now());
        else if (answered(error)) breaker.succeeded(ticket, performance.now());
        else breaker.ignored(ticket);
        throw error;
      },
    );
  }

  admits(call: BackendCall, now: number): boolean {
    return this.#breakers.get(call.operation)?.admits(now) ?? true;
  }

  /** The phase of each operation's breaker. */
  phases(): { operation: string; phase: BreakerPhase }[] {
    return [...this.#breakers].flatMap(([operation, breaker]) =>
      breaker === null ? [] : [{ operation, phase: breaker.phase }],
    );
  }

  #of(call: BackendCall): Breaker | null {
    const breaker = this.#breakers.get(call.operation);
    return breaker === undefined ? this.#make(call) : breaker;
  }

  #make(call: BackendCall): Breaker | null {
    const operation = this.#breakers.size < mostOperations ? call.operation : 'other operations';
    const known = this.#breakers.get(operation);
    if (known !== undefined) return known;
    const options = policyOf(this.#policy, operation).breaker;
    const { backend } = call;
    const endpoint = this.#endpoint;
    const breaker =
      options === false
        ? null
        : new Breaker(options, (phase) =>
            emit({ kind: 'breaker', backend, endpoint, operation, phase }),
          );
    this.#breakers.set(operation, breaker);
    return breaker;
  }
}

/** Whether a failure is the endpoint's: not when its caller has left. */
export function speaksAgainst(call: BackendCall, error: unknown): boolean {
  if (!factsOf(error).blamed) return false;
  return !call.signal.aborted || (isBackendError(error) && error.code === 'UPSTREAM_TIMEOUT');
}

const ours: ReadonlySet<BackendErrorCode> = new Set([
  'UPSTREAM_OVERLOADED',
  'UPSTREAM_UNAVAILABLE',
  'CIRCUIT_OPEN',
]);

/** Whether the backend said something, if not what was hoped for. */
export function answered(error: unknown): boolean {
  return isBackendError(error) && !ours.has(error.code);
}

function openError(call: BackendCall, endpoint: string): BackendError {
  return new BackendError({
    code: 'CIRCUIT_OPEN',
    backend: call.backend,
    message: `${call.backend} ${call.operation} was not sent: it kept failing at ${endpoint} a moment ago`,
    retryable: true,
  });
}
