import { BackendError, defineJob, type JobDefinition, type RequestContext } from 'tailorbird';
import { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLiveJobs } from '../../../src/events/jobs/live-jobs.ts';
import {
  createSqliteJobStore,
  sqliteJobStoreSchema,
} from '../../../src/events/jobs/stores/sqlite.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { createInbox } from './queue-contract.ts';
import { follow, startJobServer } from './job-server.ts';

const work = (what: string, rest = '') =>
  `mutation { work(input: { what: "${what}" ${rest} }) { id status } }`;
const jobOf = (id: string) =>
  `{ job(id: "${id}") { status progress result error { code message } } }`;
const idOf = (answer: { data: Record<string, Record<string, unknown> | null> | null }) =>
  String(answer.data?.['work']?.['id']);

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

it('answers at once, does the work after, and tells who follows it', async () => {
  const { open, opened } = gate();
  const { ask, url } = await startJobServer({
    run: async ({ what }, job) => {
      job.progress(0.5);
      await opened;
      return { done: what };
    },
  });
  const answer = await ask(work('a'));
  expect(answer).toEqual({ data: { work: { id: expect.any(String), status: 'QUEUED' } } });
  const following = follow(url, idOf(answer));
  await expect
    .poll(() => ask(jobOf(idOf(answer))))
    .toEqual({
      data: { job: { status: 'RUNNING', progress: 0.5, result: null, error: null } },
    });
  open();
  const told = await following;
  expect(told.at(-1)).toEqual({
    status: 'SUCCEEDED',
    progress: 1,
    result: { done: 'a' },
    error: null,
  });
  expect((await ask(jobOf(idOf(answer)))).data?.['job']).toEqual(told.at(-1));
});

it('shows a job to nobody but who enqueued it', async () => {
  const { ask, url } = await startJobServer({ run: () => 'secret' });
  const id = idOf(await ask(work('a'), 'ada'));
  await expect
    .poll(() => ask(jobOf(id), 'ada'))
    .toMatchObject({ data: { job: { result: 'secret' } } });
  expect(await ask(jobOf(id), 'grace')).toEqual({ data: { job: null } });
  expect(await follow(url, id, 'grace')).toEqual([null]);
  expect(await ask(jobOf('none'), 'ada')).toEqual({ data: { job: null } });
});

it('does the work of one idempotency key once, for each viewer and input', async () => {
  const inbox = createInbox<string>();
  const { ask } = await startJobServer({
    run: ({ what }, job) => inbox.add(`${job.viewer?.subject} ${what} ${job.idempotencyKey}`),
  });
  const same = await Promise.all([1, 2, 3].map(() => ask(work('a', 'key: "k"'))));
  const [first] = same.filter(({ data }) => data).map(idOf);
  for (const answer of same) {
    // Those that came while the first was being taken on are told so.
    if (answer.data) expect(idOf(answer)).toBe(first);
    else expect(answer.errors?.[0]?.extensions['code']).toBe('CONFLICT');
  }
  expect(idOf(await ask(work('a', 'key: "k"')))).toBe(first);
  const other = await ask(work('b', 'key: "k"'));
  expect(other.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  expect(idOf(await ask(work('a', 'key: "k"'), 'grace'))).not.toBe(first);
  await inbox.until(2);
  expect(inbox.items.toSorted()).toEqual(['ada a k', 'grace a k']);
});

it('refuses an input that breaks its schema', async () => {
  const { ask } = await startJobServer({ run: () => null });
  const { errors } = await ask(work('much longer than twenty characters'));
  expect(errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  expect(errors?.[0]?.message).toContain('what');
});

it('tries again after a failure, with the same key, and succeeds', async () => {
  const tries = createInbox<string>();
  const { ask, url } = await startJobServer({
    backoffMs: [20, 20, 20, 20],
    run: (_, job) => {
      tries.add(`${job.attempt} ${job.idempotencyKey}`);
      if (job.attempt < 3) throw unavailable();
      return 'ok';
    },
  });
  const id = idOf(await ask(work('a')));
  expect((await follow(url, id)).at(-1)).toMatchObject({ status: 'SUCCEEDED', result: 'ok' });
  expect(tries.items).toEqual([`1 ${id}`, `2 ${id}`, `3 ${id}`]);
});

it('fails at once what the backend refuses, with its code and no host', async () => {
  let tries = 0;
  const { ask, url, adminUrl } = await startJobServer({
    run: () => {
      tries += 1;
      throw new BackendError({ code: 'CONFLICT', backend: 'things', message: 'taken at 10.0.0.1' });
    },
  });
  const told = await follow(url, idOf(await ask(work('a'))));
  expect(told.at(-1)).toEqual({
    status: 'FAILED',
    progress: null,
    result: null,
    error: {
      code: 'CONFLICT',
      message: 'The things service refused it, because something changed meanwhile.',
    },
  });
  expect(tries).toBe(1);
  expect(await (await fetch(`${adminUrl}/jobs/dead`)).json()).toEqual({ deadLetters: [] });
});

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

it('does jobs of one key in the order they came, and others beside them', async () => {
  const inHand = new Set<string>();
  const order: string[] = [];
  const done = createInbox<string>();
  let most = 0;
  const { ask } = await startJobServer({
    backoffMs: [30],
    concurrency: 8,
    run: async ({ what, lane = '' }, job) => {
      expect(inHand.has(lane)).toBe(false);
      inHand.add(lane);
      most = Math.max(most, inHand.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inHand.delete(lane);
      if (what === 'l0-1' && job.attempt === 1) throw new Error('not yet');
      order.push(what);
      done.add(what);
    },
  });
  for (let n = 0; n < 4; n += 1) {
    await Promise.all([0, 1, 2].map((lane) => ask(work(`l${lane}-${n}`, `lane: "l${lane}"`))));
  }
  await done.until(12);
  for (const lane of ['l0', 'l1', 'l2']) {
    expect(order.filter((what) => what.startsWith(lane))).toEqual(
      [0, 1, 2, 3].map((n) => `${lane}-${n}`),
    );
  }
  expect(most).toBeGreaterThan(1);
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

it('refuses an idempotency key of nobody', async () => {
  const { server } = await startJobServer({ run: () => null });
  const response = await server.fetch(
    new Request('http://bff/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: work('a', 'key: "k"') }),
    }),
  );
  const { errors } = (await response.json()) as { errors: GraphQLError[] };
  expect(errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
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

function unavailable(): BackendError {
  return new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend: 'things',
    message: 'connection refused',
    retryable: true,
  });
}
