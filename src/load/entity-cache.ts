import { LRUCache } from 'lru-cache';
import { approximateBytes } from './approximate-bytes.ts';
import type { BatchCache } from './batch.ts';
import { TagIndex } from './tag-index.ts';

export interface Entry {
  readonly value: unknown;
  /** On the cache's clock, in milliseconds. */
  readonly freshUntil: number;
  readonly mayBeStale: boolean;
  readonly tags: readonly string[];
  /** Names it alone, to other instances; null when there are none. */
  readonly keyTag: string | null;
}

export type CachedBatch = Exclude<BatchCache, { scope: 'none' }>;

/** Values by key, the least recently used dropped first, capped by their approximate size. */
export class EntityCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #index = new TagIndex();
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #staleWhileRevalidateMs: number;
  readonly #staleIfErrorMs: number;

  constructor(options: CachedBatch, now: () => number) {
    const isPublic = options.scope === 'public';
    this.#entries = new LRUCache({
      maxSize: options.maxBytes ?? 16 * 1024 * 1024,
      dispose: ({ tags, keyTag }, id) => {
        if (tags.length > 0) this.#index.remove(tags, id);
        if (keyTag !== null) this.#index.remove([keyTag], id);
      },
    });
    this.#now = now;
    this.#ttlMs = options.ttlMs ?? 0;
    this.#staleWhileRevalidateMs = options.staleWhileRevalidateMs ?? (isPublic ? 30_000 : 0);
    this.#staleIfErrorMs = options.staleIfErrorMs ?? (isPublic ? 300_000 : 0);
  }

  now(): number {
    return this.#now();
  }

  /** What may be answered; past `freshUntil` it should be asked for again behind it. */
  read(id: string, now: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const ageMs = now - entry.freshUntil;
    if (ageMs < 0) return entry;
    if (!entry.mayBeStale) this.#entries.delete(id);
    else if (ageMs < this.#staleWhileRevalidateMs) return entry;
    else if (ageMs >= this.#staleIfErrorMs) this.#entries.delete(id);
    return undefined;
  }

  /** The value to answer when asking failed; undefined when it is too old for that. */
  readAfterError(id: string): unknown {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const ageMs = this.#now() - entry.freshUntil;
    return ageMs < (entry.mayBeStale ? this.#staleIfErrorMs : 0) ? entry.value : undefined;
  }

  /**
   * Keeps a value for the shorter of its lifetimes, ±10 % so that neighbours expire apart. Returns
   * how long that is, in milliseconds; 0 when it is not kept.
   */
  write(
    id: string,
    longestMs: number,
    given: Pick<Entry, 'value' | 'mayBeStale' | 'tags' | 'keyTag'>,
  ): number {
    const ttlMs = Math.min(this.#ttlMs * (0.9 + Math.random() * 0.2), longestMs);
    if (ttlMs <= 0) {
      this.#entries.delete(id);
      return 0;
    }
    const { value, mayBeStale, tags, keyTag } = given;
    const entry: Entry = { value, freshUntil: this.#now() + ttlMs, mayBeStale, tags, keyTag };
    const size = approximateBytes(value) + id.length * 2 + 64 + tags.length * 64;
    this.#entries.set(id, entry, { size });
    if ((tags.length > 0 || keyTag !== null) && this.#entries.peek(id) === entry) {
      this.#index.add(tags, id);
      if (keyTag !== null) this.#index.add([keyTag], id);
    }
    return ttlMs;
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  /** With null, everything that has a tag. */
  drop(tags: readonly string[] | null): void {
    for (const id of this.#index.idsOf(tags)) this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
  }
}
