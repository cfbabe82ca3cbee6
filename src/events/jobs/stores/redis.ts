import type { RedisClientType } from '@redis/client';
import { connectRedis } from '../../redis-connection.ts';
import { type JobRecord, type JobStore, laneOf } from '../job-store.ts';
import { changeScript, forgetScript, insertScript } from './redis-scripts.ts';

export interface RedisJobStoreOptions {
  /** `redis://host:port/db` or `rediss://…`. */
  readonly url: string;
  /** Before every key. */
  readonly prefix: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly log: (message: string) => void;
}

/** Most that is forgotten at once. */
const mostForgotten = 500;

/**
 * Jobs in Redis 6.2 or newer, for processes on any machine; as durable as that Redis is. A job is
 * changed only from what it was when it was read: who comes second reads it again.
 */
export function createRedisJobStore({ url, prefix, log }: RedisJobStoreOptions): JobStore {
  const redis = connectRedis({ url, of: 'jobs', log });
  const run = <Reply>(doing: string, script: string, values: readonly string[]) =>
    redis.ask(doing, (client) =>
      client.eval(script, { arguments: [prefix, ...values] }),
    ) as Promise<Reply>; // as the script's comment says

  const read = async (id: string): Promise<JobRecord | null> =>
    recordOf(
      await redis.ask('read a job', (client) => client.hGet(`${prefix}job:${id}`, 'record')),
    );

  /** The jobs of a sorted set, in its order. */
  const list = async (
    find: (client: RedisClientType) => Promise<readonly string[]>,
  ): Promise<JobRecord[]> => {
    const records = await redis.ask('list jobs', async (client) =>
      Promise.all((await find(client)).map((id) => client.hGet(`${prefix}job:${id}`, 'record'))),
    );
    return records.map(recordOf).filter((record) => record !== null);
  };

  const sequenceOf = (client: RedisClientType, id: string | null): Promise<string | null> =>
    id === null ? Promise.resolve(null) : client.hGet(`${prefix}job:${id}`, 'sequence');

  return {
    insert: async (record) =>
      recordOf(
        await run<string | null>('keep a job', insertScript, [
          ...valuesOf(record),
          record.scope ?? '',
        ]),
      ),
    read,
    async change(id, change) {
      for (;;) {
        const record = await read(id);
        const changed = record && change(record);
        if (!changed) return null;
        const values = [...valuesOf(changed), String(record.version)];
        if ((await run<number>('change a job', changeScript, values)) === 1) return changed;
      }
    },
    async ahead(record) {
      return redis.ask('count jobs', async (client) => {
        const sequence = await sequenceOf(client, record.id);
        if (sequence === null) return 0;
        return client.zCount(`${prefix}lane:${laneOf(record)}`, '-inf', `(${sequence}`);
      });
    },
    dead: (limit, after) =>
      list(async (client) =>
        client.zRange(`${prefix}dead`, `(${(await sequenceOf(client, after)) ?? 0}`, '+inf', {
          BY: 'SCORE',
          LIMIT: { offset: 0, count: limit },
        }),
      ),
    overdue: (dueBefore, limit) =>
      list((client) =>
        client.zRange(`${prefix}waiting`, '-inf', `(${dueBefore}`, {
          BY: 'SCORE',
          LIMIT: { offset: 0, count: limit },
        }),
      ),
    async forget({ finished, dead, keys }) {
      const values = [finished, dead, keys, mostForgotten].map(String);
      let count: number;
      do count = await run<number>('forget jobs', forgetScript, values);
      while (count >= mostForgotten);
    },
    close: () => redis.close(),
  };
}

/** What the scripts take of a job, after the prefix. */
function valuesOf(record: JobRecord): readonly string[] {
  return [
    record.id,
    JSON.stringify(record),
    String(record.version),
    record.status,
    String(record.createdAt),
    String(record.dueAt),
    String(record.finishedAt ?? ''),
    record.isDead ? '1' : '0',
    laneOf(record) ?? '',
  ];
}

function recordOf(text: string | null): JobRecord | null {
  return text === null ? null : (JSON.parse(text) as JobRecord); // written by this file alone
}
