/** What the bench asks of an upstream beside its work; such a call is not counted. */
export class UpstreamControl {
  #calls = 0;
  #latencyMs = 0;

  /**
   * The answer to a control path, undefined for any other: `/__calls` tells how many calls came,
   * `/__latency?ms=20` lets every later answer wait so long (at first none does).
   */
  answerTo(path: string): Buffer | undefined {
    if (!path.startsWith('/__')) return undefined;
    const { pathname, searchParams } = new URL(path, 'http://upstream');
    if (pathname === '/__latency') this.#latencyMs = Number(searchParams.get('ms'));
    return Buffer.from(String(pathname === '/__latency' ? this.#latencyMs : this.#calls));
  }

  count(): void {
    this.#calls++;
  }

  /** Answers at once, or as late as it was told to. */
  later(answer: () => void): void {
    if (this.#latencyMs === 0) answer();
    else setTimeout(answer, this.#latencyMs);
  }
}
