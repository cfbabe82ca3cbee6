import type { SharedStore, StoreEntry } from '../../src/load/shared-store.ts';

/** Where the stores of several instances meet, in place of a Redis. */
export class MemoryRoom {
  readonly entries = new Map<string, StoreEntry & { readonly until: number }>();
  readonly invalidated = new Map<string, number>();
  readonly stores: MemoryStore[] = [];
  readonly now: () => number;
  moment = 0;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  store(): MemoryStore {
    const store = new MemoryStore(this);
    this.stores.push(store);
    return store;
  }
}

/** One instance's store. `ready` can be switched off; `reads` are the keys of each read. */
export class MemoryStore implements SharedStore {
  ready = true;
  readonly reads: (readonly string[])[] = [];
  readonly #room: MemoryRoom;
  readonly #listeners: ((tags: readonly string[] | null) => void)[] = [];

  constructor(room: MemoryRoom) {
    this.#room = room;
  }

  async get(keys: readonly string[]) {
    this.reads.push(keys);
    const texts = keys.map((key) => {
      const entry = this.#room.entries.get(key);
      return entry && entry.until > this.#room.now() ? entry.text : null;
    });
    return { texts, asOf: String(this.#room.moment) };
  }

  set(entries: readonly StoreEntry[], asOf: string): void {
    const { invalidated, now } = this.#room;
    for (const entry of entries) {
      if (entry.tags.some((tag) => (invalidated.get(tag) ?? 0) > Number(asOf))) continue;
      this.#room.entries.set(entry.key, { ...entry, until: now() + entry.ttlMs });
    }
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    this.#room.moment += 1;
    for (const tag of tags) this.#room.invalidated.set(tag, this.#room.moment);
    for (const [key, entry] of this.#room.entries) {
      if (entry.tags.some((tag) => tags.includes(tag))) this.#room.entries.delete(key);
    }
    for (const other of this.#room.stores) if (other !== this) other.hear(tags);
  }

  onInvalidate(listener: (tags: readonly string[] | null) => void): void {
    this.#listeners.push(listener);
  }

  hear(tags: readonly string[] | null): void {
    for (const listener of this.#listeners) listener(tags);
  }

  async close(): Promise<void> {}
}
