/**
 * Who goes on when: everybody at once while that takes less than two milliseconds; beyond that
 * first come, first served, and after each two milliseconds the event loop goes round for whatever
 * else there is to hear. Without it all answers that have arrived together are worked through before
 * the next request is read, and behind sixteen of 5 ms that one waits for 80 ms to hear that there
 * is too much to do.
 */
export class Turns {
  readonly #waiting: { readonly since: number; readonly goOn: () => void }[] = [];
  #isGoing = false;
  #untilMs = 0;
  #rounds = 0;
  #went = 0;
  #waitedMs = 0;

  /** Resolves when it is the caller's turn; null when it is now. */
  next(): Promise<void> | null {
    const now = performance.now();
    if (!this.#isGoing) {
      this.#isGoing = true;
      this.#untilMs = now + sliceMs;
      setImmediate(this.#round);
    }
    if (this.#waiting.length === 0 && now < this.#untilMs) {
      this.#went += 1;
      return null;
    }
    return new Promise((goOn) => {
      this.#waiting.push({ since: now, goOn });
    });
  }

  /** How long a turn has been waited for since this was last read: the mean, in milliseconds. */
  readMeanWaitMs(): number {
    const [first] = this.#waiting;
    const meanMs =
      this.#went > 0 ? this.#waitedMs / this.#went : first ? performance.now() - first.since : 0;
    this.#went = 0;
    this.#waitedMs = 0;
    return meanMs;
  }

  /** The event loop has gone round. */
  readonly #round = (): void => {
    if (this.#waiting.length === 0) {
      this.#isGoing = false;
      return;
    }
    this.#rounds += 1;
    if (this.#rounds < roundsBetween) return void setImmediate(this.#round);
    this.#rounds = 0;
    this.#untilMs = performance.now() + sliceMs;
    this.#goOn();
  };

  readonly #goOn = (): void => {
    const now = performance.now();
    const first = now < this.#untilMs ? this.#waiting.shift() : undefined;
    if (first === undefined) return void setImmediate(this.#round);
    this.#went += 1;
    this.#waitedMs += now - first.since;
    first.goOn();
    // Once it has done all that it can do before it waits again.
    queueMicrotask(() => process.nextTick(this.#goOn));
  };
}

/** Whoever has begun goes on to its end: what costs more than this has a slice of its own. */
const sliceMs = 2;
/** libuv takes one new connection a round since 1.45; a round with nothing in it costs 6 µs. */
const roundsBetween = 16;
