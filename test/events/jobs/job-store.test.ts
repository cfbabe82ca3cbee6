import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  confirmed,
  failed,
  newRecord,
  ofRun,
  revived,
  started,
} from '../../../src/events/jobs/job-changes.ts';
import type { JobRecord, JobStore } from '../../../src/events/jobs/job-store.ts';
import { createRedisJobStore } from '../../../src/events/jobs/stores/redis.ts';
import {
  createSqliteJobStore,
  sqliteJobStoreSchema,
} from '../../../src/events/jobs/stores/sqlite.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { installed, type PrivateBroker, privateRedis } from '../topics/private-brokers.ts';

/** The same store twice, as two processes have it. */
function twoSqlite(): [JobStore, JobStore] {
  const folder = tempDir();
  onTestFinished(() => folder[Symbol.dispose]());
  const open = () => {
    const path = `${folder.path}/jobs.sqlite`;
    const file = openSqliteFile({ path, schema: sqliteJobStoreSchema, backend: 'jobs' });
    onTestFinished(() => file.close());
    return createSqliteJobStore(file);
  };
  return [open(), open()];
}

let redis: PrivateBroker | undefined;
const hasRedis = installed('redis-server');
beforeAll(async () => {
  if (hasRedis) redis = await privateRedis();
});
afterAll(() => redis?.remove());

function twoRedis(): [JobStore, JobStore] {
  const prefix = `tailorbird:jobs:${randomUUID()}:`;
  const open = () => {
    const store = createRedisJobStore({ url: redis?.url ?? '', prefix, log: () => {} });
    onTestFinished(() => store.close());
    return store;
  };
  return [open(), open()];
}

function job(of: Partial<Pick<JobRecord, 'scope' | 'key' | 'createdAt'>> = {}): JobRecord {
  const { scope = null, key = null, createdAt = 1_000 } = of;
  return newRecord(
    {
      id: randomUUID(),
      name: 'work',
      viewer: { subject: 'ada', scopes: [] },
      client: { name: null, version: null },
      requestId: 'r',
      traceparent: null,
      input: { text: 'é "quoted" \u0000' },
      key,
      idempotencyKey: 'k',
      createdAt,
    },
    { scope, inputHash: 'h', heldUntil: createdAt + 10 },
  );
}

const end = (isDead: boolean, at: number) =>
  ofRun(1, () =>
    failed({ error: { code: 'CONFLICT', message: 'no' }, cause: 'because', isDead }, at),
  );

const stores: [string, () => [JobStore, JobStore]][] = [['SQLite', twoSqlite]];
if (hasRedis) stores.push(['Redis', twoRedis]);

describe.each(stores)('where jobs stand, in %s', (_, open) => {
  it('keeps a job as it is, and gives it to every process', async () => {
    const [one, two] = open();
    const record = job();
    expect(await one.insert(record)).toBeNull();
    expect(await two.read(record.id)).toEqual(record);
    expect(await two.insert(record)).toBeNull(); // it is there
    expect(await one.read('none')).toBeNull();
  });

  it('takes one job for a key, however many processes are asked at once', async () => {
    const [one, two] = open();
    const all = Array.from({ length: 20 }, () => job({ scope: 'ada work k' }));
    const taken = await Promise.all(
      all.map((record, n) => (n % 2 === 0 ? one : two).insert(record)),
    );
    const [first, ...others] = all.filter((_record, n) => taken[n] === null);
    expect(others).toEqual([]);
    for (const found of taken) if (found) expect(found).toEqual(first);
    expect(await one.insert(job({ scope: 'another' }))).toBeNull();
  });

  it('loses no change when two processes change a job at once', async () => {
    const [one, two] = open();
    const record = job();
    await one.insert(record);
    const add = (store: JobStore) =>
      store.change(record.id, (found) => ({
        ...found,
        attempt: found.attempt + 1,
        version: found.version + 1,
      }));
    await Promise.all(Array.from({ length: 20 }, (_each, n) => add(n % 2 === 0 ? one : two)));
    expect(await two.read(record.id)).toMatchObject({ attempt: 20, version: 20 });
    expect(await one.change(record.id, () => null)).toBeNull();
    expect(await one.change('none', (found) => found)).toBeNull();
  });

  it('counts the unfinished jobs of a key that came before', async () => {
    const [one, two] = open();
    const [first, second, third] = [job({ key: 'a' }), job({ key: 'a' }), job({ key: 'a' })];
    for (const record of [first, job({ key: 'b' }), second, third]) await one.insert(record);
    expect(await two.ahead(third)).toBe(0); // none of them is queued
    for (const { id } of [first, second, third]) await one.change(id, confirmed);
    expect(await two.ahead(third)).toBe(2);
    await one.change(first.id, (record) => started(record, 2_000));
    expect(await two.ahead(third)).toBe(2);
    await one.change(first.id, end(false, 3_000));
    expect(await two.ahead(third)).toBe(1);
    expect(await two.ahead(second)).toBe(0);
  });

  it('lists dead letters in the order they were enqueued, a page at a time', async () => {
    const [one, two] = open();
    const records = [job(), job(), job()];
    for (const record of records) {
      await one.insert(record);
      await one.change(record.id, (found) => started(found, 2_000));
    }
    for (const { id } of records.toReversed()) await one.change(id, end(true, 3_000));
    const ids = async (limit: number, after: string | null) =>
      (await two.dead(limit, after)).map(({ id }) => id);
    const [first = '', second = '', third = ''] = records.map(({ id }) => id);
    expect(await ids(2, null)).toEqual([first, second]);
    expect(await ids(2, second)).toEqual([third]);
    await one.change(second, (found) => revived(found, 4_000));
    expect(await ids(10, null)).toEqual([first, third]);
    expect(await ids(10, second)).toEqual([third]); // where it was
  });

  it('finds what has waited too long, the longest first', async () => {
    const [one, two] = open();
    const [late, later, young] = [1_000, 500, 5_000].map((createdAt) => job({ createdAt }));
    for (const record of [late, later, young]) {
      await one.insert(record!);
      await one.change(record!.id, confirmed);
    }
    const ids = async (limit: number) => (await two.overdue(2_000, limit)).map(({ id }) => id);
    expect(await ids(10)).toEqual([later!.id, late!.id]);
    expect(await ids(1)).toEqual([later!.id]);
    await one.change(later!.id, (found) => started(found, 9_000));
    expect(await ids(10)).toEqual([late!.id]);
  });

  it('forgets what ended, died and was keyed long ago, and nothing else', async () => {
    const [one, two] = open();
    const [done, dead, waiting] = ['a', 'b', 'c'].map((scope) => job({ scope }));
    const unsent = job({ scope: 'd' });
    for (const record of [done, dead, waiting, unsent]) await one.insert(record!);
    await one.change(waiting!.id, confirmed);
    for (const { id } of [done!, dead!]) await one.change(id, (found) => started(found, 2_000));
    await one.change(done!.id, end(false, 3_000));
    await one.change(dead!.id, end(true, 3_000));
    await two.forget({ finished: 3_000, dead: 3_000, keys: 1_000 });
    for (const { id } of [done!, dead!, waiting!, unsent])
      expect(await one.read(id)).not.toBeNull();
    await two.forget({ finished: 3_001, dead: 3_000, keys: 1_000 });
    expect(await one.read(done!.id)).toBeNull();
    expect(await one.insert(job({ scope: 'a' }))).toBeNull();
    expect(await one.insert(job({ scope: 'c' }))).toMatchObject({ id: waiting!.id });
    expect(await one.dead(10, null)).toHaveLength(1);
    await two.forget({ finished: 3_001, dead: 3_001, keys: 1_001 });
    expect(await one.read(dead!.id)).toBeNull();
    expect(await one.dead(10, null)).toEqual([]);
    expect(await one.insert(job({ scope: 'c' }))).toBeNull();
    expect(await one.read(waiting!.id)).not.toBeNull();
    expect(await one.read(unsent.id)).toBeNull();
  });
});
