import { randomUUID } from 'node:crypto';
import type { RedisClientType } from '@redis/client';
import { invalidateScript, setScript } from './redis-scripts.ts';
import type { SharedStore, StoreEntry, StoreRead } from './shared-store.ts';

export interface RedisStoreOptions {
  /** `redis://host:port/db` or `rediss://…`: one primary, not a cluster. */
  readonly url: string;
  /** What the values were shaped by: the bff and its schema's hash. Others never read them. */
  readonly version: string;
  /** Before every key; instances with the same one hear each other's invalidations. @default 'tailorbird' */
  readonly namespace?: string;
  /** Longest wait for a read; a store that is slower counts as away for a second. @default 25 */
  readonly timeoutMs?: number;
  /** Larger values are not shared, in UTF-16 units. @default 65536 */
  readonly maxValueLength?: number;
  /** Told once when the store goes away, and once when it is back. @default nobody */
  readonly log?: (message: string) => void;
}

/** How long a store that did not answer is left alone, in milliseconds. */
const pauseMs = 1_000;

/** Longest wait of `invalidate`, in milliseconds; it goes on behind. */
const invalidateWaitMs = 100;

/** Tags remembered while the store is away; past that, all entries are dropped when it is back. */
const mostPendingTags = 10_000;

/**
 * A shared store on Redis. Connects by itself, again and again when it has to; while there is no
 * connection everything is answered at once with nothing. The `redis` package is loaded only here.
 */
export function createRedisStore(options: RedisStoreOptions): SharedStore {
  return new RedisStore(options);
}

class RedisStore implements SharedStore {
  readonly #entryPrefix: string;
  readonly #namespace: string;
  readonly #timeoutMs: number;
  readonly #maxValueLength: number;
  readonly #log: (message: string) => void;
  readonly #self = randomUUID();
  readonly #listeners: ((tags: readonly string[] | null) => void)[] = [];
  readonly #opened: Promise<void>;
  #client: RedisClientType | undefined;
  #isUp = false;
  #closed = false;
  #wasUp = false;
  #pausedUntil = 0;
  /** Whether the log has heard that the store is away. */
  #isAway = false;
  /** What could not be said yet; null when it was too much, and everything has to go. */
  #pending: Set<string> | null = new Set();

  constructor(options: RedisStoreOptions) {
    this.#namespace = options.namespace ?? 'tailorbird';
    this.#entryPrefix = `${this.#namespace}:e:${options.version}:`;
    this.#timeoutMs = options.timeoutMs ?? 25;
    this.#maxValueLength = options.maxValueLength ?? 64 * 1024;
    this.#log = options.log ?? (() => {});
    this.#opened = this.#open(options.url).catch((error: unknown) => this.#away(error));
  }

  get ready(): boolean {
    return this.#isUp && (this.#pausedUntil === 0 || performance.now() >= this.#pausedUntil);
  }

  async get(keys: readonly string[]): Promise<StoreRead | null> {
    const client = this.#client;
    if (!this.ready || client === undefined) return null;
    try {
      // One connection keeps the order, so nothing that the values miss is older than the time.
      const reply = Promise.all([
        client.sendCommand(['TIME']) as unknown as Promise<readonly [string, string]>,
        client.mGet(keys.map((key) => this.#entryPrefix + key)),
      ]);
      const read = await within(this.#timeoutMs, reply);
      if (read === undefined) {
        this.#pausedUntil = performance.now() + pauseMs;
        this.#away(`no answer within ${this.#timeoutMs} ms`);
        return null;
      }
      this.#back();
      const [[seconds, micros], texts] = read;
      return { texts, asOf: seconds + micros.padStart(6, '0') };
    } catch (error) {
      this.#away(error);
      return null;
    }
  }

  set(entries: readonly StoreEntry[], asOf: string): void {
    if (!this.ready) return;
    const keys: string[] = [];
    const rest = [this.#namespace, asOf];
    for (const { key, text, ttlMs, tags } of entries) {
      if (text.length > this.#maxValueLength) continue;
      keys.push(this.#entryPrefix + key);
      rest.push(text, String(Math.ceil(ttlMs)), String(tags.length), ...tags);
    }
    if (keys.length === 0) return;
    this.#client
      ?.eval(setScript, { keys, arguments: rest })
      .catch((error: unknown) => this.#away(error));
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    if (!this.#isUp) {
      this.#postpone(tags);
      return;
    }
    const said = this.#say(tags).catch((error: unknown) => {
      this.#postpone(tags);
      this.#away(error);
    });
    await within(invalidateWaitMs, said);
  }

  onInvalidate(listener: (tags: readonly string[] | null) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const isUp = this.#isUp;
    this.#isUp = false;
    const client = this.#client;
    if (client?.isOpen !== true) {
      client?.destroy();
    } else {
      if (isUp)
        await within(
          invalidateWaitMs,
          client.close().catch(() => {}),
        );
      if (client.isOpen) client.destroy();
    }
    await this.#opened;
  }

  async #open(url: string): Promise<void> {
    const { createClient } = await import('@redis/client');
    if (this.#closed) return;
    const client: RedisClientType = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: {
        connectTimeout: 2_000,
        reconnectStrategy: (attempt) =>
          Math.min(2_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
      },
    }) as RedisClientType; // without modules or scripts of its own
    this.#client = client;
    client.on('error', (error: unknown) => {
      this.#isUp = false;
      this.#away(error);
    });
    for (const event of ['reconnecting', 'end']) client.on(event, () => void (this.#isUp = false));
    client.on('ready', () => {
      this.#ready().catch((error: unknown) => this.#away(error));
    });
    await client.connect().catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  /** After each connect: hear what others invalidate, then say what they have missed. */
  async #ready(): Promise<void> {
    const client = this.#client!;
    const channel = `${this.#namespace}:invalidations`;
    if (!this.#wasUp) await client.subscribe(channel, (message) => this.#hear(message));
    else for (const listener of this.#listeners) listener(null);
    this.#wasUp = true;
    while (this.#pending === null || this.#pending.size > 0) {
      const pending = this.#pending;
      this.#pending = new Set();
      try {
        if (pending === null) await this.#dropAll();
        else await this.#say([...pending]);
      } catch (error) {
        this.#postpone(pending === null ? null : [...pending]);
        throw error;
      }
    }
    this.#isUp = !this.#closed;
    this.#pausedUntil = 0;
    this.#back();
  }

  async #say(tags: readonly string[]): Promise<void> {
    const message = JSON.stringify([this.#self, tags]);
    await this.#client!.eval(invalidateScript, { arguments: [this.#namespace, message, ...tags] });
  }

  async #dropAll(): Promise<void> {
    const client = this.#client!;
    for await (const keys of client.scanIterator({ MATCH: `${this.#namespace}:e:*`, COUNT: 500 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
    await client.publish(`${this.#namespace}:invalidations`, JSON.stringify([this.#self, null]));
  }

  #hear(message: string): void {
    const said = JSON.parse(message) as readonly [string, readonly string[] | null]; // by `#say`
    if (said[0] !== this.#self) for (const listener of this.#listeners) listener(said[1]);
  }

  #postpone(tags: readonly string[] | null): void {
    if (
      tags === null ||
      this.#pending === null ||
      this.#pending.size + tags.length > mostPendingTags
    ) {
      this.#pending = null;
    } else for (const tag of tags) this.#pending.add(tag);
  }

  #away(reason: unknown): void {
    if (this.#isAway || this.#closed) return;
    this.#isAway = true;
    const why = reason instanceof Error ? reason.message || reason.name : String(reason);
    this.#log(`shared store is away, values stay in this process until it is back: ${why}`);
  }

  #back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#log('shared store is back');
  }
}

/** The value, or undefined when it takes longer. What has already arrived is read before giving up. */
function within<Value>(ms: number, value: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => resolve(undefined)), ms);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
