import { BackendError } from '../../error.ts';
import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import type { BulkheadOptions } from '../policy-options.ts';
import { leftError } from '../call.ts';
import { emit } from './events.ts';
import { FairQueue } from './fair-queue.ts';

/**
 * A transport with so many calls in flight at most, and so many waiting for a short while, in turn by
 * whose they are: the burst of one viewer or address does not shut the others out. A call that several
 * operations wait for is that of the first of them.
 * Fails: BackendError UPSTREAM_OVERLOADED; then nothing was sent.
 */
export class Bulkhead {
  readonly #inner: Pick<Transport, 'call'>;
  readonly #options: Required<BulkheadOptions>;
  readonly #endpoint: string;
  readonly #waiting: FairQueue<Waiter>;
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
    this.#waiting = new FairQueue(options.maxWaiting);
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
    if (this.#inFlight < this.#options.maxInFlight) {
      this.#inFlight += 1;
      return this.#send(call);
    }
    return this.#turn(call).then(() => this.#send(call));
  }

  /** Resolves once a place is this call's own. */
  #turn(call: BackendCall): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: BackendError): void => {
        this.#waiting.remove(waiter);
        waiter.end();
        reject(error);
      };
      const left = (): void => leave(leftError(call));
      const waitMs = Math.min(this.#options.maxWaitMs, call.deadline - performance.now());
      const timer = setTimeout(() => waiter.refuse(), waitMs);
      const waiter: Waiter = {
        flow: call.flow ?? '',
        end() {
          clearTimeout(timer);
          call.signal.removeEventListener('abort', left);
        },
        go() {
          waiter.end();
          resolve();
        },
        refuse: () => leave(this.#refusal(call)),
      };
      call.signal.addEventListener('abort', left);
      this.#waiting.add(waiter)?.refuse();
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

  /** Hands the place on to whose turn it is. */
  #leave(): void {
    const waiter = this.#waiting.next();
    if (waiter) waiter.go();
    else this.#inFlight -= 1;
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
  /** Whose call waits. */
  readonly flow: string;
  go(): void;
  refuse(): void;
  end(): void;
}
