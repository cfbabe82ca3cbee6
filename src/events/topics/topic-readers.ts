import type { TopicEvent, TopicReader } from './topic-reader.ts';

/** Who reads one topic in this process: all of it, or one key. */
export class TopicReaders {
  readonly #everything = new Set<TopicReader>();
  readonly #byKey = new Map<string, Set<TopicReader>>();

  get size(): number {
    return (
      this.#everything.size + [...this.#byKey.values()].reduce((sum, { size }) => sum + size, 0)
    );
  }

  add(reader: TopicReader): void {
    const { key } = reader;
    if (key === undefined) {
      this.#everything.add(reader);
      return;
    }
    const readers = this.#byKey.get(key);
    if (readers) readers.add(reader);
    else this.#byKey.set(key, new Set([reader]));
  }

  remove(reader: TopicReader): void {
    this.#everything.delete(reader);
    if (reader.key === undefined) return;
    const readers = this.#byKey.get(reader.key);
    readers?.delete(reader);
    if (readers?.size === 0) this.#byKey.delete(reader.key);
  }

  /** Offers an event to all that it concerns; how many these are after it. */
  offer(event: TopicEvent): number {
    const ofKey = this.#byKey.get(event.key);
    for (const reader of this.#everything) reader.offer(event);
    for (const reader of ofKey ?? []) reader.offer(event);
    return this.#everything.size + (ofKey?.size ?? 0);
  }

  *[Symbol.iterator](): Iterator<TopicReader> {
    yield* this.#everything;
    for (const readers of this.#byKey.values()) yield* readers;
  }
}
