const memoryMs = 5_000;

/**
 * What answers take lately, in milliseconds: up at once, down slowly, and toward 0 when nothing is
 * asked, so that an endpoint that was slow is tried again. Failures are no measure: a fast one
 * would draw calls.
 */
export class PeakEwma {
  #value = 0;
  #at = 0;

  observe(tookMs: number, now: number): void {
    const before = this.at(now);
    if (tookMs > before) this.#value = tookMs;
    else {
      const kept = Math.exp((this.#at - now) / memoryMs);
      this.#value = this.#value * kept + tookMs * (1 - kept);
    }
    this.#at = now;
  }

  at(now: number): number {
    return this.#value * Math.exp((this.#at - now) / memoryMs);
  }
}
