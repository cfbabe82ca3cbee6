import { connectRedis } from '../redis-connection.ts';
import { holdMs, type SeenIds } from './seen-ids.ts';

export interface RedisIdsOptions {
  /** `redis://host:port/db` or `rediss://…`. */
  readonly url: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly log: (message: string) => void;
}

/**
 * Ids that all instances share, in Redis. While it is away no webhook is taken, and its sender
 * tries again: one that might have come before is not guessed at.
 */
export function createRedisIds({ url, log }: RedisIdsOptions): SeenIds {
  const redis = connectRedis({ url, of: 'ids of webhooks', log });
  return {
    async take(source, id) {
      const before = await redis.ask('tell which webhooks came before', (client) =>
        client.set(keyOf(source, id), held, {
          condition: 'NX',
          GET: true,
          expiration: { type: 'PX', value: holdMs },
        }),
      );
      if (before === null) return 'taken';
      return String(before) === held ? 'held' : 'done';
    },
    async done(source, id, keptMs) {
      await redis.ask('note a webhook', (client) =>
        client.set(keyOf(source, id), 'done', { expiration: { type: 'PX', value: keptMs } }),
      );
    },
    async release(source, id) {
      await redis.ask('forget a webhook', (client) => client.del(keyOf(source, id)));
    },
    close: () => redis.close(),
  };
}

const held = 'held';

function keyOf(source: string, id: string): string {
  return `tailorbird:webhook:${source}:${id}`;
}
