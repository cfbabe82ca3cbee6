import { defineJob, type JobDefinition, type RequestContext } from 'tailorbird';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLiveJobs } from '../../../src/events/jobs/live-jobs.ts';
import {
  createSqliteJobStore,
  sqliteJobStoreSchema,
} from '../../../src/events/jobs/stores/sqlite.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { follow, idOf, jobOf, startJobServer, work } from './job-server.ts';
import { createInbox } from './queue-contract.ts';

it('does the good ones, and makes dead letters of one percent poison after five tries', async () => {
  const tries = new Map<string, number>();
  const done = createInbox<string>();
  const { ask, adminUrl } = await startJobServer({
    backoffMs: [5, 5, 5, 5],
    concurrency: 16,
    run: ({ what }) => {
      tries.set(what, (tries.get(what) ?? 0) + 1);
      if (what.startsWith('poison')) throw new Error(`cannot swallow ${what}`);
      done.add(what);
    },
  });
  await Promise.all(
    Array.from({ length: 300 }, (_, n) => ask(work(n % 100 === 0 ? `poison ${n}` : `good ${n}`))),
  );
  await done.until(297);
  const dead = async () =>
    (
      (await (await fetch(`${adminUrl}/jobs/dead`)).json()) as {
        deadLetters: { cause: string; attempts: number; id: string }[];
      }
    ).deadLetters;
  await expect.poll(dead).toHaveLength(3);
  expect(new Set(done.items).size).toBe(297);
  for (const letter of await dead()) {
    expect(letter).toMatchObject({
      job: 'work',
      viewer: 'ada',
      attempts: 5,
      cause: expect.stringMatching(/^cannot swallow poison/),
    });
  }
  expect([...tries].filter(([what]) => what.startsWith('poison')).map(([, n]) => n)).toEqual([
    5, 5, 5,
  ]);
});

it('sends a dead letter to its queue again when an operator asks', async () => {
  let cured = false;
  const { ask, url, adminUrl } = await startJobServer({
    backoffMs: [],
    run: () => {
      if (!cured) throw new Error('sick');
      return 'well';
    },
  });
  const id = idOf(await ask(work('a')));
  expect((await follow(url, id)).at(-1)).toMatchObject({
    status: 'FAILED',
    error: { code: 'INTERNAL_SERVER_ERROR' },
  });
  cured = true;
  const redrive = () => fetch(`${adminUrl}/jobs/dead/${id}/redrive`, { method: 'POST' });
  expect((await redrive()).status).toBe(202);
  expect((await follow(url, id)).at(-1)).toMatchObject({
    status: 'SUCCEEDED',
    result: 'well',
    error: null,
  });
  expect((await redrive()).status).toBe(404);
  expect((await fetch(`${adminUrl}/jobs/dead`, { method: 'DELETE' })).status).toBe(405);
  expect((await fetch(`${adminUrl}/jobs/dead?first=0`)).status).toBe(422);
});

it('goes on later where an attempt left off, and counts only those that fail', async () => {
  const seen: unknown[] = [];
  const { ask, url } = await startJobServer({
    backoffMs: [],
    run: async (_, job) => {
      const polls = Number(job.saved ?? 0) + 1;
      seen.push([job.attempt, job.saved]);
      await job.save(polls);
      return polls < 4 ? job.later(10) : polls;
    },
  });
  const told = await follow(url, idOf(await ask(work('a'))));
  expect(told.at(-1)).toMatchObject({ status: 'SUCCEEDED', result: 4 });
  expect(seen).toEqual([
    [1, undefined],
    [1, 1],
    [1, 2],
    [1, 3],
  ]);
});

it('gives up an attempt that takes too long, and tells it', async () => {
  const { ask, url } = await startJobServer({
    backoffMs: [],
    timeoutMs: 100,
    run: (_, job) =>
      new Promise((_resolve, reject) => {
        job.context.signal.addEventListener('abort', () =>
          reject(job.context.signal.reason as Error),
        );
      }),
  });
  const told = await follow(url, idOf(await ask(work('a'))));
  expect(told.at(-1)).toMatchObject({ status: 'FAILED', error: { code: 'INTERNAL_SERVER_ERROR' } });
});

it('does what was accepted before a restart, and what another process accepted', async () => {
  using dir = tempDir();
  const started = createInbox<string>();
  const options = { run: ({ what }: { what: string }) => started.add(what) };
  const front = await startJobServer({ ...options, server: { dataDir: dir.path, worker: false } });
  const id = idOf(await front.ask(work('before')));
  expect(await front.ask(jobOf(id))).toMatchObject({ data: { job: { status: 'QUEUED' } } });
  const worker = await startJobServer({
    ...options,
    server: { dataDir: dir.path, worker: 'only' },
  });
  expect(worker.url).toBe('');
  expect((await follow(front.url, id)).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  const after = idOf(await front.ask(work('after')));
  expect((await follow(front.url, after)).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  expect(started.items).toEqual(['before', 'after']);
});

it('sends anew what a queue has lost', async () => {
  const file = openSqliteFile({ path: ':memory:', schema: sqliteJobStoreSchema, backend: 'jobs' });
  const sent: string[] = [];
  const job = defineJob({ name: 'work', input: z.object({}), run: () => 'done' });
  let handle: ((message: { id: string; body: string }) => Promise<unknown>) | undefined;
  let now = 0;
  const jobs = createLiveJobs({
    bff: 'test',
    jobs: [job as JobDefinition],
    queue: {
      name: 'forgetful',
      send: async (_, message) => {
        sent.push(message.id);
        if (sent.length > 1) await handle?.(message); // the first is lost
      },
      consume: (_, options) => {
        handle = options.handle;
        return { close: async () => {} };
      },
      close: () => file.close(),
    },
    store: createSqliteJobStore(file),
    host: { contextOf: () => context, maskOf: () => ({ code: '', message: '' }) },
    lostAfterMs: 50,
    now: () => now,
  });
  const context = {
    viewer: null,
    client: { name: null, version: null },
    requestId: 'r',
    signal: new AbortController().signal,
  } as unknown as RequestContext; // what enqueuing reads of it
  jobs.work();
  const { id } = await jobs.enqueue(job as JobDefinition, context, {});
  now = 51;
  await expect.poll(() => jobs.read(context, id)).toMatchObject({ status: 'SUCCEEDED' });
  expect(sent).toEqual([id, id]);
  await jobs.close();
});
