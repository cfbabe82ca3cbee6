/**
 * Those that wait for a place, served in turn by flow: one of each, however many one of them has.
 * When it is full, the longest line gives way to the shorter ones. Source: fair queueing, RFC 970.
 */
export class FairQueue<Item extends { readonly flow: string }> {
  readonly #capacity: number;
  /** By flow, whose turn it is first; each in the order they came, and none is empty. */
  readonly #lines = new Map<string, Set<Item>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes one in. Returns who has no room now: nobody, the last of a longer line, or the new one itself. */
  add(item: Item): Item | null {
    let out: Item | null = null;
    if (this.#size >= this.#capacity) {
      out = this.#lastOfLongerThan((this.#lines.get(item.flow)?.size ?? 0) + 1);
      if (out === null) return item;
      this.remove(out);
    }
    const line = this.#lines.get(item.flow);
    if (line) line.add(item);
    else this.#lines.set(item.flow, new Set([item]));
    this.#size += 1;
    return out;
  }

  /** Takes out whose turn it is. */
  next(): Item | undefined {
    const [turn] = this.#lines;
    if (turn === undefined) return undefined;
    const [flow, line] = turn;
    const [item] = line;
    this.remove(item!);
    if (line.size > 0) {
      this.#lines.delete(flow);
      this.#lines.set(flow, line);
    }
    return item;
  }

  remove(item: Item): void {
    const line = this.#lines.get(item.flow);
    if (!line?.delete(item)) return;
    this.#size -= 1;
    if (line.size === 0) this.#lines.delete(item.flow);
  }

  #lastOfLongerThan(length: number): Item | null {
    let longest: Set<Item> | undefined;
    for (const line of this.#lines.values()) {
      if (line.size > (longest?.size ?? length)) longest = line;
    }
    return longest === undefined ? null : [...longest].at(-1)!;
  }
}
