import { BackendError } from '../error.ts';

/** Whether a broker answers, told to the log once when it goes and once when it is back. */
export class BrokerState {
  readonly #broker: string;
  readonly #log: (message: string) => void;
  #isAway = false;
  #isOver = false;

  constructor(broker: string, log: (message: string) => void) {
    this.#broker = broker;
    this.#log = log;
  }

  away(reason: unknown): void {
    if (this.#isAway || this.#isOver) return;
    this.#isAway = true;
    this.#log(`${this.#broker} is away, and asked again until it is back: ${reasonOf(reason)}`);
  }

  back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#log(`${this.#broker} is back`);
  }

  /** Nothing more is told. */
  close(): void {
    this.#isOver = true;
  }

  /** What a caller gets: BackendError UPSTREAM_UNAVAILABLE of the broker. */
  unavailable(doing: string, cause: unknown): BackendError {
    return new BackendError({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: this.#broker,
      message: `${this.#broker} did not ${doing}: ${reasonOf(cause)}`,
      retryable: true,
      cause,
    });
  }
}

/** What went wrong, in one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}

/** The value, or a rejection after `ms`; what comes later is forgotten. */
export function inTime<Value>(ms: number, value: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
