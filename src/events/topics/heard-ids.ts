/** Ids by which an event that comes twice is known. */
const heardIdsLength = 2_000;

/** Events that were heard lately: a broker, or who publishes, may say one twice. */
export class HeardIds {
  readonly #ids = new Set<string>();

  /** Whether it is new; from now on it is not. */
  note(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > heardIdsLength) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
