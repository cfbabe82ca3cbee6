import { createHash } from 'node:crypto';
import type { BatchPlan } from './batch-plan.ts';
import type { Caches } from './caches.ts';
import type { SharedStore, StoreEntry } from './shared-store.ts';
import { decodeValue, encodeValue } from './shared-value.ts';

interface StoredHit {
  readonly value: unknown;
  readonly ttlMs: number;
}

/** A value shorter-lived than this is not worth telling other instances, in milliseconds. */
const leastTtlMs = 1_000;

/** One batch's part of the shared store. */
export class StoredBatch {
  readonly #identity: string;
  readonly #store: SharedStore;
  /** The last one, since a column's keys have the same. */
  #prefix = '';
  #prefixStart: string;

  private constructor(identity: string, store: SharedStore) {
    this.#identity = identity;
    this.#store = store;
    this.#prefixStart = `${identity}::`;
  }

  /** Null without a store, and for a batch without a name, which nothing tells apart from others. */
  static of(plan: BatchPlan, caches: Caches): StoredBatch | null {
    const { identity } = plan;
    if (identity === null) return null;
    caches.claim(identity, plan.name);
    return caches.store === null ? null : new StoredBatch(identity, caches.store);
  }

  get ready(): boolean {
    return this.#store.ready;
  }

  /** What the store has of the keys, by text; null when it is away. */
  async read(
    prefix: string,
    keys: readonly { readonly text: string }[],
    now: number,
  ): Promise<{ readonly hits: ReadonlyMap<string, StoredHit>; readonly asOf: string } | null> {
    const start = this.#start(prefix);
    const read = await this.#store.get(keys.map(({ text }) => start + short(text)));
    if (read === null) return null;
    const hits = new Map<string, StoredHit>();
    for (let index = 0; index < keys.length; index++) {
      const text = read.texts[index];
      const decoded = typeof text === 'string' ? decodeValue(text) : undefined;
      if (decoded === undefined) continue;
      const ttlMs = decoded.freshUntil - epoch(now);
      if (ttlMs > 0) hits.set(keys[index]!.text, { value: decoded.value, ttlMs });
    }
    return { hits, asOf: read.asOf };
  }

  /** Hands fresh values on, in one message and without waiting. */
  write(
    prefix: string,
    fresh: readonly (StoredHit & { readonly text: string; readonly tags: readonly string[] })[],
    now: number,
    asOf: string,
  ): void {
    const start = this.#start(prefix);
    const entries: StoreEntry[] = [];
    for (const { text, value, ttlMs, tags } of fresh) {
      if (ttlMs < leastTtlMs) continue;
      const encoded = encodeValue(value, epoch(now) + ttlMs);
      if (encoded !== undefined) {
        const key = start + short(text);
        entries.push({ key, text: encoded, ttlMs, tags: [...tags, `=${key}`] });
      }
    }
    if (entries.length > 0) this.#store.set(entries, asOf);
  }

  /** The tag that a key has all to itself. */
  keyTag(prefix: string, text: string): string {
    return `=${this.#start(prefix)}${short(text)}`;
  }

  /** Subject, arguments and language are hashed: a store shows who it keeps values for to nobody. */
  #start(prefix: string): string {
    if (prefix !== this.#prefix) {
      this.#prefix = prefix;
      this.#prefixStart = `${this.#identity}:${digest(prefix)}:`;
    }
    return this.#prefixStart;
  }
}

function short(text: string): string {
  return text.length <= 100 ? text : `#${digest(text)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The cache's clock as milliseconds since 1970, which instances have in common. */
function epoch(now: number): number {
  return performance.timeOrigin + now;
}
