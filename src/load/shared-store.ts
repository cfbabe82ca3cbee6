/**
 * What instances share: entities as texts, and word of invalidated tags. Never rejects and never
 * makes an operation wait for a store that is away; then there is simply nothing in it.
 */
export interface SharedStore {
  /** False while the store is away: then nothing needs to be asked or said. */
  readonly ready: boolean;
  /** One round trip. Null when the store didn't answer in time. */
  get(keys: readonly string[]): Promise<StoreRead | null>;
  /** Keeps entries, without waiting; not those with a tag that was invalidated after `asOf`. */
  set(entries: readonly StoreEntry[], asOf: string): void;
  /**
   * Drops every entry with any of the tags and tells all other instances. While the store is away
   * it is remembered, and done before the store is ready again.
   */
  invalidate(tags: readonly string[]): Promise<void>;
  /** Hears the tags that other instances invalidate; null when some may have been missed. */
  onInvalidate(listener: (tags: readonly string[] | null) => void): void;
  close(): Promise<void>;
}

export interface StoreRead {
  /** In the order asked; null where there is none. */
  readonly texts: readonly (string | null)[];
  /** The store's moment of reading: what is fetched after it may be kept. */
  readonly asOf: string;
}

export interface StoreEntry {
  readonly key: string;
  readonly text: string;
  readonly ttlMs: number;
  readonly tags: readonly string[];
}
