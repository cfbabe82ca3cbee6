import { BackendError } from 'tailorbird';
import { expect, it } from 'vitest';
import { follow, idOf, jobOf, startJobServer, work } from './job-server.ts';
import { createInbox } from './queue-contract.ts';

it('answers at once, does the work after, and tells who follows it', async () => {
  const { resolve: open, promise: opened } = Promise.withResolvers<void>();
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

it('says how a job stands now, beside what is kept', async () => {
  const { resolve: open, promise: opened } = Promise.withResolvers<void>();
  const { ask, url } = await startJobServer({ run: () => opened });
  const id = idOf(await ask(work('a')));
  const both = `{ job(id: "${id}") { status } thing }`;
  const stands = async () => (await ask(both)).data;
  await expect.poll(stands).toEqual({ job: { status: 'RUNNING' }, thing: '1' });
  const following = follow(url, id);
  open();
  expect((await following).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await stands()).toEqual({ job: { status: 'SUCCEEDED' }, thing: '1' });
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

function unavailable(): BackendError {
  return new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend: 'things',
    message: 'connection refused',
    retryable: true,
  });
}
