import { LRUCache } from 'lru-cache';
import { approximateBytes } from './approximate-bytes.ts';
import type { BatchCache } from './batch.ts';

interface Entry {
  readonly value: unknown;
  readonly freshUntil: number;
}

export type CachedBatch = Exclude<BatchCache, { scope: 'none' }>;

/** Values by key, the least recently used dropped first, capped by their approximate size. */
export class EntityCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #staleWhileRevalidateMs: number;
  readonly #staleIfErrorMs: number;

  constructor(options: CachedBatch, now: () => number) {
    this.#entries = new LRUCache({ maxSize: options.maxBytes ?? 16 * 1024 * 1024 });
    this.#now = now;
    this.#ttlMs = options.ttlMs ?? 0;
    this.#staleWhileRevalidateMs = options.staleWhileRevalidateMs ?? 0;
    this.#staleIfErrorMs = options.staleIfErrorMs ?? 0;
  }

  /** The value while it may be answered; `stale` when it should be asked for again behind it. */
  read(id: string): { readonly value: unknown; readonly stale: boolean } | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const ageMs = this.#now() - entry.freshUntil;
    if (ageMs < 0) return { value: entry.value, stale: false };
    if (ageMs < this.#staleWhileRevalidateMs) return { value: entry.value, stale: true };
    if (ageMs >= this.#staleIfErrorMs) this.#entries.delete(id);
    return undefined;
  }

  /** The value to answer when asking failed; undefined when it is too old for that. */
  readAfterError(id: string): unknown {
    const entry = this.#entries.get(id);
    if (entry === undefined || this.#now() - entry.freshUntil >= this.#staleIfErrorMs)
      return undefined;
    return entry.value;
  }

  /** Keeps a value for the shorter of its lifetimes, ±10 % so that neighbours expire apart. */
  write(id: string, value: unknown, longestMs: number): void {
    const ttlMs = Math.min(this.#ttlMs * (0.9 + Math.random() * 0.2), longestMs);
    if (ttlMs <= 0) {
      this.#entries.delete(id);
      return;
    }
    const entry = { value, freshUntil: this.#now() + ttlMs };
    this.#entries.set(id, entry, { size: approximateBytes(value) + id.length * 2 + 64 });
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }
}
