import { BackendError } from '../../error.ts';
import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import type { BulkheadOptions } from '../policy-options.ts';
import { leftError } from '../call.ts';
import { emit } from './events.ts';

/**
 * A transport with so many calls in flight at most, and so many waiting for a short while.
 * Fails: BackendError UPSTREAM_OVERLOADED; then nothing was sent.
 */
export class Bulkhead {
  readonly #inner: Pick<Transport, 'call'>;
  readonly #options: Required<BulkheadOptions>;
  readonly #endpoint: string;
  readonly #waiting = new Set<Waiter>();
  #inFlight = 0;
  #overloaded = 0;

  constructor(
    inner: Pick<Transport, 'call'>,
    options: Required<BulkheadOptions>,
    endpoint: string,
  ) {
    this.#inner = inner;
    this.#options = options;
    this.#endpoint = endpoint;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get overloaded(): number {
    return this.#overloaded;
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    const { maxInFlight, maxWaiting } = this.#options;
    if (this.#inFlight < maxInFlight) {
      this.#inFlight += 1;
      return this.#send(call);
    }
    if (this.#waiting.size >= maxWaiting) return Promise.reject(this.#refusal(call));
    return this.#turn(call).then(() => this.#send(call));
  }

  /** Resolves once a place is this call's own. */
  #turn(call: BackendCall): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (error: BackendError): void => {
        this.#waiting.delete(waiter);
        waiter.end();
        reject(error);
      };
      const left = (): void => stop(leftError(call));
      const waitMs = Math.min(this.#options.maxWaitMs, call.deadline - performance.now());
      const timer = setTimeout(() => stop(this.#refusal(call)), waitMs);
      const waiter: Waiter = {
        end() {
          clearTimeout(timer);
          call.signal.removeEventListener('abort', left);
        },
        go() {
          waiter.end();
          resolve();
        },
      };
      call.signal.addEventListener('abort', left);
      this.#waiting.add(waiter);
    });
  }

  #send(call: BackendCall): Promise<BackendAnswer> {
    return this.#inner.call(call).then(
      (answer) => {
        this.#leave();
        return answer;
      },
      (error: unknown) => {
        this.#leave();
        throw error;
      },
    );
  }

  /** Hands the place on to who waits longest. */
  #leave(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      waiter.go();
      return;
    }
    this.#inFlight -= 1;
  }

  #refusal(call: BackendCall): BackendError {
    this.#overloaded += 1;
    emit({ kind: 'overloaded', backend: call.backend, endpoint: this.#endpoint });
    return new BackendError({
      code: 'UPSTREAM_OVERLOADED',
      backend: call.backend,
      message: `${call.backend} ${call.operation} was not sent: ${this.#inFlight} calls in flight and ${this.#waiting.size} waiting at ${this.#endpoint}`,
      retryable: true,
    });
  }
}

interface Waiter {
  go(): void;
  end(): void;
}
