/**
 * Extra attempts as a share of calls over a sliding window, and a few in each second besides.
 * Times in milliseconds, on the clock of `performance.now()`.
 */
export class ShareBudget {
  readonly #share: number;
  readonly #perSecond: number;
  readonly #slots: number;
  readonly #calls: Uint32Array;
  readonly #taken: Uint32Array;
  #second = 0;
  #callsInWindow = 0;
  #takenInWindow = 0;
  #freeTaken = 0;

  constructor(options: {
    readonly share: number;
    readonly perSecond: number;
    readonly windowMs: number;
  }) {
    this.#share = options.share;
    this.#perSecond = options.perSecond;
    this.#slots = Math.max(1, Math.round(options.windowMs / 1_000));
    this.#calls = new Uint32Array(this.#slots);
    this.#taken = new Uint32Array(this.#slots);
  }

  /** A call that may be followed by an extra attempt. */
  called(now: number): void {
    this.#calls[this.#slot(now)]!++;
    this.#callsInWindow += 1;
  }

  /** Takes one extra attempt, unless none is left. */
  take(now: number): boolean {
    const slot = this.#slot(now);
    if (this.#freeTaken < this.#perSecond) {
      this.#freeTaken += 1;
      return true;
    }
    if (this.#takenInWindow + 1 > this.#callsInWindow * this.#share) return false;
    this.#takenInWindow += 1;
    this.#taken[slot]!++;
    return true;
  }

  #slot(now: number): number {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      const passed = Math.min(second - this.#second, this.#slots);
      for (let ahead = 1; ahead <= passed; ahead++) {
        const slot = (this.#second + ahead) % this.#slots;
        this.#callsInWindow -= this.#calls[slot]!;
        this.#takenInWindow -= this.#taken[slot]!;
        this.#calls[slot] = 0;
        this.#taken[slot] = 0;
      }
      this.#second = second;
      this.#freeTaken = 0;
    }
    return second % this.#slots;
  }
}
