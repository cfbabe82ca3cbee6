import { randomUUID } from 'node:crypto';
import type { createClient } from '@redis/client';
import type { Logger } from '../log.ts';
import type { SessionStore } from './session-store.ts';

const commandTimeoutMs = 1_000;
const connectTimeoutMs = 1_000;
const longestPauseMs = 1_000;

/** Removes a lock that is still ours. */
const unlockScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * Sessions that several instances share. It connects by itself, again and again, so that a Redis
 * that is down delays no start; until it answers, commands fail within a second.
 */
export function redisSessionStore(url: URL, logger: Logger): SessionStore {
  let client: ReturnType<typeof createClient> | undefined;
  let removals: ReturnType<typeof listenForRemovals> | undefined;
  let closed = false;
  void open();

  // Loading it costs 0.3 s and 30 MB, which a BFF without Redis does not pay.
  async function open(): Promise<void> {
    const redis = await import('@redis/client');
    if (closed) return;
    client = redis.createClient(connectionTo(url));
    watch(client);
    client.connect().catch(() => {}); // reported by the events
  }

  function watch(watched: NonNullable<typeof client>): void {
    let down = false;
    watched.on('error', (error: Error) => {
      const cause = error.message || error.name;
      if (!down) logger.warn({ cause }, 'the session store does not answer');
      down = true;
    });
    watched.on('ready', () => {
      if (down) logger.info({}, 'the session store answers again');
      down = false;
    });
  }

  async function send(...parts: readonly (string | number)[]): Promise<unknown> {
    if (!client?.isReady) throw new Error('Redis is not connected');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('Redis does not answer')), commandTimeoutMs);
    });
    try {
      return await Promise.race([client.sendCommand(parts.map(String)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  const lifeOf = (ttlMs: number) => Math.max(1, Math.ceil(ttlMs));
  return {
    async get(key) {
      const text = await send('GET', key);
      return typeof text === 'string' ? text : null;
    },
    async set(key, text, ttlMs) {
      await send('SET', key, text, 'PX', lifeOf(ttlMs));
    },
    replace: async (key, text, ttlMs) =>
      (await send('SET', key, text, 'XX', 'PX', lifeOf(ttlMs))) !== null,
    async extend(key, ttlMs) {
      await send('PEXPIRE', key, lifeOf(ttlMs));
    },
    async remove(key) {
      const removed = send('DEL', key);
      // One that is lost is found out by the next look at the session.
      send('PUBLISH', removedChannel, key).catch(() => {});
      return (await removed) === 1;
    },
    watch(key, removed) {
      removals ??= listenForRemovals(url);
      return removals.watch(key, removed);
    },
    async lock(key, ttlMs) {
      const owner = randomUUID();
      const taken = await send('SET', key, owner, 'NX', 'PX', lifeOf(ttlMs));
      if (taken === null) return null;
      return async () => void (await send('EVAL', unlockScript, 1, key, owner));
    },
    async close() {
      closed = true;
      client?.destroy();
      removals?.close();
    },
  };
}

/** Where the key of each removed session is told to all instances. */
const removedChannel = 'tailorbird:sessions:removed';

/**
 * A connection that only listens, made when the first session is watched. After an outage it
 * connects and listens again by itself, and then has every watched session looked at.
 */
function listenForRemovals(url: URL) {
  const watchers = new Map<string, Set<() => void>>();
  let listener: ReturnType<typeof createClient> | undefined;
  let closed = false;
  open().catch(() => {}); // closed while it was opening

  async function open(): Promise<void> {
    const redis = await import('@redis/client');
    if (closed) return;
    listener = redis.createClient(connectionTo(url));
    listener.on('error', () => {}); // the connection that asks reports it
    listener.on('ready', maybeMissed);
    await listener.connect();
    await listener.subscribe(removedChannel, (key) => {
      for (const removed of watchers.get(key) ?? []) removed();
    });
    maybeMissed();
  }

  /** What was removed while nothing was heard was told to nobody. */
  function maybeMissed(): void {
    for (const set of watchers.values()) for (const removed of set) removed();
  }

  return {
    watch(key: string, removed: () => void): () => void {
      let set = watchers.get(key);
      if (!set) watchers.set(key, (set = new Set()));
      set.add(removed);
      return () => {
        set.delete(removed);
        if (set.size === 0 && watchers.get(key) === set) watchers.delete(key);
      };
    },
    close() {
      closed = true;
      listener?.destroy();
    },
  };
}

function connectionTo(url: URL) {
  return {
    url: url.href,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: connectTimeoutMs,
      reconnectStrategy: (retries: number) =>
        Math.min(50 * 2 ** Math.min(retries, 6), longestPauseMs),
    },
  };
}
