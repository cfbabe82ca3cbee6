export interface LongWorkOptions {
  /** How long work goes on before others have their turn, in milliseconds. @default 5 */
  readonly turnMs?: number;
  /** Milliseconds since any point. @default performance.now */
  readonly now?: () => number;
}

/**
 * Work that would hold the event loop up, done in steps, between which everything else has its
 * turn. One at a time: several would take as many turns in each round of the loop.
 */
export class LongWork {
  readonly #turnMs: number;
  readonly #now: () => number;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ turnMs = 5, now = () => performance.now() }: LongWorkOptions = {}) {
    this.#turnMs = turnMs;
    this.#now = now;
  }

  /** What the steps return, once what was asked for before is done. Fails: as a step does. */
  run<Value>(steps: Iterator<void, Value>): Promise<Value> {
    const result = this.#last.then(() => this.#run(steps));
    // Without what came of it: that would be kept until the next.
    this.#last = result.then(nothing, nothing);
    return result;
  }

  async #run<Value>(steps: Iterator<void, Value>): Promise<Value> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const until = this.#now() + this.#turnMs;
      do {
        const step = steps.next();
        if (step.done) return step.value;
      } while (this.#now() < until);
    }
  }
}

const nothing = (): void => {};
