/** Which entries carry a tag. An entry that leaves its cache has to leave the index as well. */
export class TagIndex {
  /** Most tags belong to one entry, and then cost no set. */
  readonly #ids = new Map<string, string | Set<string>>();

  add(tags: readonly string[], id: string): void {
    for (const tag of tags) {
      const known = this.#ids.get(tag);
      if (known === undefined) this.#ids.set(tag, id);
      else if (known instanceof Set) known.add(id);
      else if (known !== id) this.#ids.set(tag, new Set([known, id]));
    }
  }

  remove(tags: readonly string[], id: string): void {
    for (const tag of tags) {
      const known = this.#ids.get(tag);
      if (known === id) this.#ids.delete(tag);
      else if (known instanceof Set && known.delete(id) && known.size === 0) this.#ids.delete(tag);
    }
  }

  /** The entries with any of the tags; with null, those with any tag. */
  idsOf(tags: readonly string[] | null): Set<string> {
    const found = new Set<string>();
    for (const tag of tags ?? this.#ids.keys()) {
      const known = this.#ids.get(tag);
      if (known instanceof Set) for (const id of known) found.add(id);
      else if (known !== undefined) found.add(known);
    }
    return found;
  }
}
