import type { RedisClientType } from '@redis/client';
import { BackendError } from '../../error.ts';
import { holdMs, type SeenIds } from './seen-ids.ts';

export interface RedisIdsOptions {
  /** `redis://host:port/db` or `rediss://…`. */
  readonly url: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly log: (message: string) => void;
}

const timeoutMs = 2_000;

/**
 * Ids that all instances share, in Redis. While it is away no webhook is taken, and its sender
 * tries again: one that might have come before is not guessed at. The client is loaded only here.
 */
export function createRedisIds({ url, log }: RedisIdsOptions): SeenIds {
  let client: RedisClientType | undefined;
  let isAway = false;
  let closed = false;

  const away = (reason: unknown) => {
    if (isAway || closed) return;
    isAway = true;
    const why = reason instanceof Error ? reason.message || reason.name : String(reason);
    log(`the ids of webhooks are away, and senders have to try again until they are back: ${why}`);
  };
  const back = () => {
    if (isAway) log('the ids of webhooks are back');
    isAway = false;
  };

  async function open(): Promise<void> {
    const { createClient } = await import('@redis/client');
    if (closed) return;
    client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      commandOptions: { timeout: timeoutMs },
      socket: {
        connectTimeout: timeoutMs,
        reconnectStrategy: (attempt) =>
          Math.min(2_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
      },
    }) as RedisClientType; // without modules or scripts of its own
    client.on('error', away);
    client.on('ready', back);
    await client.connect();
  }
  const opened = open().catch(away);

  async function ask<Reply>(command: (client: RedisClientType) => Promise<Reply>): Promise<Reply> {
    if (!client) await opened;
    try {
      if (!client?.isReady) throw new Error('there is no connection');
      return await command(client);
    } catch (cause) {
      throw new BackendError({
        code: 'UPSTREAM_UNAVAILABLE',
        backend: 'redis',
        message: `Redis does not tell which webhooks came before: ${cause instanceof Error ? cause.message : String(cause)}`,
        retryable: true,
        cause,
      });
    }
  }

  return {
    async take(source, id) {
      const key = keyOf(source, id);
      const before = await ask((redis) =>
        redis.set(key, held, {
          condition: 'NX',
          GET: true,
          expiration: { type: 'PX', value: holdMs },
        }),
      );
      if (before === null) return 'taken';
      return String(before) === held ? 'held' : 'done';
    },
    async done(source, id, keptMs) {
      await ask((redis) =>
        redis.set(keyOf(source, id), 'done', { expiration: { type: 'PX', value: keptMs } }),
      );
    },
    async release(source, id) {
      await ask((redis) => redis.del(keyOf(source, id)));
    },
    async close() {
      closed = true;
      client?.destroy();
      await opened;
    },
  };
}

const held = 'held';

function keyOf(source: string, id: string): string {
  return `tailorbird:webhook:${source}:${id}`;
}
