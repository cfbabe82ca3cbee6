import { LRUCache } from 'lru-cache';

/** Where sessions are: texts by key, each with an end. Fails with an Error when it does not answer. */
export interface SessionStore {
  get(key: string): Promise<string | null>;
  set(key: string, text: string, ttlMs: number): Promise<void>;
  /** Writes only over what is still there; answers whether it was. */
  replace(key: string, text: string, ttlMs: number): Promise<boolean>;
  /** Moves the end of what is there. */
  extend(key: string, ttlMs: number): Promise<void>;
  /** Answers whether there was anything. */
  remove(key: string): Promise<boolean>;
  /**
   * Calls `removed` soon after any process removed it, and whenever that may have been missed; the
   * answer stops that. @default no other process removes anything
   */
  watch?(key: string, removed: () => void): () => void;
  /** The way to unlock it, or null while somebody else holds it; given up after `ttlMs`. */
  lock(key: string, ttlMs: number): Promise<(() => Promise<void>) | null>;
  close(): Promise<void>;
}

/** Sessions that one process holds at most; the least used goes first. */
const maxEntries = 100_000;

/** Sessions of one process, gone when it ends. */
export function memorySessionStore(): SessionStore {
  const entries = new LRUCache<string, string>({ max: maxEntries });
  const locks = new Set<string>();
  return {
    get: async (key) => entries.get(key) ?? null,
    async set(key, text, ttlMs) {
      entries.set(key, text, { ttl: ttlMs });
    },
    async replace(key, text, ttlMs) {
      if (!entries.has(key)) return false;
      entries.set(key, text, { ttl: ttlMs });
      return true;
    },
    async extend(key, ttlMs) {
      const text = entries.get(key);
      if (text !== undefined) entries.set(key, text, { ttl: ttlMs });
    },
    remove: async (key) => entries.delete(key),
    async lock(key) {
      if (locks.has(key)) return null;
      locks.add(key);
      return async () => void locks.delete(key);
    },
    close: async () => entries.clear(),
  };
}
