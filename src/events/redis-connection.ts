import type { RedisClientType } from '@redis/client';
import { BrokerState, inTime } from './broker-state.ts';

export interface RedisConnectionOptions {
  /** `redis://host:port/db` or `rediss://…`. */
  readonly url: string;
  /** Whose it is, for the log: `jobs`. */
  readonly of: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly log: (message: string) => void;
}

/** A connection to Redis that comes back by itself; what is asked meanwhile fails at once. */
export interface RedisConnection {
  /**
   * Fails: BackendError UPSTREAM_UNAVAILABLE within two seconds, which says that Redis did not do
   * what `doing` names; it may have done it all the same.
   */
  ask<Reply>(doing: string, command: (client: RedisClientType) => Promise<Reply>): Promise<Reply>;
  close(): Promise<void>;
}

/** Longest wait for an answer, in milliseconds. */
const answerMs = 2_000;

/** Connects when it is first asked. The client is loaded only then. */
export function connectRedis({ url, of, log }: RedisConnectionOptions): RedisConnection {
  const state = new BrokerState('redis', (line) => log(`${of}: ${line}`));
  let client: RedisClientType | undefined;
  let isClosed = false;

  async function open(): Promise<void> {
    const { createClient } = await import('@redis/client');
    if (isClosed) return;
    const opening = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: {
        connectTimeout: answerMs,
        reconnectStrategy: (attempt) =>
          Math.min(2_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
      },
    }) as RedisClientType; // without modules or scripts of its own
    client = opening;
    const failed = new Promise<never>((_, reject) => opening.once('error', reject));
    opening.on('error', (error: unknown) => state.away(error));
    opening.on('ready', () => state.back());
    const connected = opening.connect();
    // They may fail later as well: when it is closed, and when it goes away.
    for (const late of [failed, connected]) late.catch(() => {});
    await inTime(answerMs, Promise.race([connected, failed]));
  }
  let opened: Promise<void> | undefined;

  return {
    async ask(doing, command) {
      try {
        opened ??= open().catch((error: unknown) => state.away(error)); // it goes on connecting
        await opened;
        if (!client?.isReady) throw new Error('there is no connection');
        return await inTime(answerMs, command(client));
      } catch (error) {
        throw state.unavailable(doing, error);
      }
    },
    async close() {
      isClosed = true;
      state.close();
      client?.destroy();
      await opened;
    },
  };
}
