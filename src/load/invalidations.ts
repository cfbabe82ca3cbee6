const mostTags = 10_000;

/**
 * Which tags were invalidated lately, so that a value which was asked for before is not kept after.
 * Holds 10,000 tags; past that it forgets them and calls everything asked for before invalid.
 */
export class Invalidations {
  readonly #last = new Map<string, number>();
  #floor = 0;
  #sequence = 0;

  /** A moment to compare with. */
  get now(): number {
    return this.#sequence;
  }

  /** With null, every tag there is. */
  note(tags: readonly string[] | null): void {
    this.#sequence += 1;
    if (tags === null || this.#last.size + tags.length > mostTags) {
      this.#floor = this.#sequence;
      this.#last.clear();
      return;
    }
    for (const tag of tags) this.#last.set(tag, this.#sequence);
  }

  /** Whether any of the tags was invalidated after the moment. */
  since(moment: number, tags: readonly string[]): boolean {
    if (moment === this.#sequence || tags.length === 0) return false;
    if (moment < this.#floor) return true;
    return tags.some((tag) => (this.#last.get(tag) ?? 0) > moment);
  }
}
