import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/request.ts';
import { AnswerCache, type JsonBody } from '../../src/load/answer-cache.ts';
import {
  AnswerKey,
  type AnswerKeyParts,
  type OperationKeyParts,
  operationKey,
} from '../../src/load/answer-key.ts';
import { AnswerPolicy } from '../../src/load/answer-policy.ts';
import { cacheControlOf } from '../../src/load/cache-control.ts';
import { Caches } from '../../src/load/caches.ts';
import { contextOver } from '../backend/request-context.ts';
import { gate, settled } from './airports.ts';

const answerKey = (of: OperationKeyParts & AnswerKeyParts) => new AnswerKey(operationKey(of), of);

const parts: OperationKeyParts & AnswerKeyParts = {
  bff: 'web',
  schemaHash: 's1',
  operation: 'd1:Airport',
  variables: { iata: 'ATL', page: { first: 1, after: null } },
  locale: 'en',
  client: { name: 'app', version: '1' },
};

const key = answerKey(parts);

const ann: Viewer = { subject: 'ann', scopes: ['read', 'write'] };
const bob: Viewer = { subject: 'bob', scopes: ['read', 'write'] };

function policy(scope: 'public' | 'viewer', lifetimeMs: number, tags: readonly string[] = []) {
  const made = new AnswerPolicy([]);
  made.watch(contextOver([]));
  made.uses(scope);
  made.keepFor(lifetimeMs);
  made.tagged(tags);
  return made;
}

function cacheAt(options: { maxBytes?: number; shareableMs?: number } = {}) {
  const clock = { time: 0 };
  const caches = new Caches(null);
  const cache = new AnswerCache({ caches, now: () => clock.time, ...options });
  let runs = 0;
  const run = (
    made: AnswerPolicy,
    viewer: Viewer | null = null,
    signal = new AbortController().signal,
    execute = async (): Promise<void> => {},
  ) =>
    cache.run<string>({ key, viewer, waiter: { signal } }, async () => {
      const body = Buffer.from(`run ${++runs}`);
      await execute();
      return { body, policy: made };
    });
  return { cache, caches, clock, run, runs: () => runs };
}

const textOf = (answer: { body: JsonBody } | { failed: unknown }) =>
  'body' in answer ? answer.body.toString() : answer.failed;

describe('whole answers', () => {
  it('are kept for their lifetime, which goes on counting', async () => {
    const { cache, clock, run } = cacheAt();
    const first = await run(policy('public', 10_000));
    expect(first).toEqual({
      body: Buffer.from('run 1'),
      scope: 'public',
      remainingMs: 10_000,
      shared: false,
    });
    clock.time = 4_500;
    const kept = cache.get({ key, viewer: ann });
    expect(kept).toEqual({ body: Buffer.from('run 1'), scope: 'public', remainingMs: 5_500 });
    expect(cacheControlOf(kept!)).toBe('public, max-age=5');
    clock.time = 10_000;
    expect(cache.get({ key, viewer: null })).toBeUndefined();
    expect(textOf(await run(policy('public', 10_000)))).toBe('run 2');
  });

  it('count their lifetime from the start of the operation', async () => {
    const { cache, clock, run } = cacheAt();
    await run(policy('public', 10_000), null, undefined, async () => void (clock.time = 3_000));
    expect(cache.get({ key, viewer: null })?.remainingMs).toBe(7_000);
  });

  it('of a viewer are nobody else’s, nor the same viewer’s with other scopes', async () => {
    const { cache, run } = cacheAt();
    await run(policy('viewer', 10_000), ann);
    expect(cache.get({ key, viewer: ann })?.body.toString()).toBe('run 1');
    expect(cache.get({ key, viewer: { ...ann, scopes: ['write', 'read'] } })?.body.toString()).toBe(
      'run 1',
    );
    for (const viewer of [bob, null, { ...ann, scopes: ['read'] }, { ...ann, scopes: [] }]) {
      expect(cache.get({ key, viewer })).toBeUndefined();
    }
    await run(policy('viewer', 10_000), null);
    expect(cache.get({ key, viewer: null })?.body.toString()).toBe('run 2');
    expect(cache.get({ key, viewer: { subject: 'null', scopes: [] } })).toBeUndefined();
  });

  it('with errors are not kept', async () => {
    const { cache } = cacheAt();
    const { signal } = new AbortController();
    const run = () =>
      cache.run<string>({ key, viewer: null, waiter: { signal } }, async () => ({
        failed: 'errors',
        policy: policy('public', 10_000),
      }));
    expect(await run()).toEqual({ failed: 'errors', shared: false });
    expect(cache.get({ key, viewer: null })).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  it('with nothing declared, or a call that nobody declared, are not kept', async () => {
    const { cache, run } = cacheAt();
    await run(new AnswerPolicy([]));
    const call = {
      backend: 'b',
      operation: 'o',
      startedAt: 0,
      durationMs: 0,
      bytes: 0,
      outcome: 'ok',
    };
    const undeclared = new AnswerPolicy([call]);
    undeclared.watch(contextOver([]));
    undeclared.uses('public');
    undeclared.keepFor(10_000);
    const answer = await run(undeclared);
    expect(answer).toMatchObject({ scope: 'viewer', remainingMs: 0 });
    expect(cache.bytes).toBe(0);
  });

  it('go when a tag in them is invalidated, also while they are made', async () => {
    const { cache, caches, run } = cacheAt();
    await run(policy('public', 10_000, ['Airport:ATL', 'Flight:1']));
    await caches.invalidate(['Airport:JFK']);
    expect(cache.get({ key, viewer: null })?.body.toString()).toBe('run 1');
    await caches.invalidate(['Flight:1']);
    expect(cache.get({ key, viewer: null })).toBeUndefined();
    expect(cache.bytes).toBe(0);
    const open = gate();
    const before = run(policy('public', 10_000, ['Flight:1']), null, undefined, () => open.promise);
    await settled();
    await caches.invalidate(['Flight:1']);
    const after = await run(policy('public', 10_000, ['Flight:1']));
    open.resolve();
    expect(await before).toMatchObject({ body: Buffer.from('run 2'), remainingMs: 0 });
    expect(after).toMatchObject({ body: Buffer.from('run 3'), shared: false });
    expect(cache.get({ key, viewer: null })?.body.toString()).toBe('run 3');
  });

  it('stay within their bytes', async () => {
    const { cache } = cacheAt({ maxBytes: 100_000 });
    const { signal } = new AbortController();
    for (let index = 0; index < 1_000; index++) {
      const other = answerKey({ ...parts, variables: { index } });
      await cache.run({ key: other, viewer: null, waiter: { signal } }, async () => ({
        body: Buffer.from('é'.repeat(500)),
        policy: policy('public', 10_000, [`T:${index}`]),
      }));
    }
    expect(cache.bytes).toBeLessThanOrEqual(100_000);
    expect(cache.bytes).toBeGreaterThan(50_000);
  });
});

/** An operation that has proved to be public, and nothing of it kept. */
async function publicAt(options: { shareableMs?: number } = {}) {
  const at = cacheAt(options);
  await at.run(policy('public', 1));
  at.clock.time = 20_000;
  return at;
}

describe('identical reads in flight', () => {
  it('share one execution: the first leaves, and 99 are answered', async () => {
    const { run, runs } = await publicAt();
    const open = gate();
    const leaving = new AbortController();
    const made = policy('public', 10_000);
    const first = run(made, null, leaving.signal, () => open.promise);
    const others = Array.from({ length: 99 }, () => run(made, null));
    await settled();
    leaving.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    open.resolve();
    const answers = await Promise.all(others);
    expect(answers.every((answer) => textOf(answer) === 'run 2' && answer.shared)).toBe(true);
    expect(runs()).toBe(2);
  });

  it('share no execution that has run for long, and one more is for all who ask then', async () => {
    const { clock, run, runs } = await publicAt({ shareableMs: 250 });
    const open = gate();
    const ask = () => run(policy('public', 1_000), null, undefined, () => open.promise);
    const first = ask();
    clock.time += 250;
    const inTime = ask();
    clock.time += 1;
    const late = [ask(), ask()];
    clock.time += 250;
    late.push(ask());
    await settled();
    expect(runs()).toBe(3);
    open.resolve();
    expect([await first, await inTime].map(textOf)).toEqual(['run 2', 'run 2']);
    expect((await Promise.all(late)).map(textOf)).toEqual(['run 3', 'run 3', 'run 3']);
  });

  it('are cut when the last has left, and run anew for the next', async () => {
    const { cache, run } = await publicAt();
    const leaving = new AbortController();
    let signal: AbortSignal | undefined;
    const waiting = [1, 2].map(() =>
      cache.run<string>({ key, viewer: null, waiter: leaving }, (inner) => {
        signal = inner;
        return new Promise(() => {});
      }),
    );
    await settled();
    expect(signal?.aborted).toBe(false);
    leaving.abort(new Error('left'));
    for (const answer of waiting) await expect(answer).rejects.toThrow('left');
    expect(signal?.aborted).toBe(true);
    expect(textOf(await run(policy('public', 1_000)))).toBe('run 2');
  });

  it('of two viewers run apart, until the operation proves to be public', async () => {
    const { run, runs, clock } = cacheAt();
    const made = policy('public', 10_000);
    await Promise.all([run(made, ann), run(made, bob)]);
    expect(runs()).toBe(2);
    clock.time = 20_000;
    const open = gate();
    const together = [ann, bob, null].map((viewer) =>
      run(made, viewer, undefined, () => open.promise),
    );
    await settled();
    open.resolve();
    await Promise.all(together);
    expect(runs()).toBe(3);
  });

  it('that were taken for public never show one viewer what is another’s', async () => {
    const { cache, clock, run } = cacheAt();
    await run(policy('public', 10_000), ann);
    clock.time = 20_000;
    const open = gate();
    const { signal } = new AbortController();
    const ask = (viewer: Viewer) =>
      cache.run<string>({ key, viewer, waiter: { signal } }, async () => {
        await open.promise;
        return { body: Buffer.from(`for ${viewer.subject}`), policy: policy('viewer', 10_000) };
      });
    const answers = [ask(ann), ask(bob), ask(ann), ask(bob)];
    await settled();
    open.resolve();
    expect((await Promise.all(answers)).map(textOf)).toEqual([
      'for ann',
      'for bob',
      'for ann',
      'for bob',
    ]);
    expect(cache.get({ key, viewer: ann })?.body.toString()).toBe('for ann');
    expect(cache.get({ key, viewer: bob })?.body.toString()).toBe('for bob');
  });

  it('share an answer with errors, and what went wrong altogether', async () => {
    const { cache, runs, run } = await publicAt();
    const { signal } = new AbortController();
    const failing = () =>
      cache.run<object>({ key, viewer: null, waiter: { signal } }, async () => ({
        failed: { errors: 1 },
        policy: policy('public', 0),
      }));
    const [one, other] = await Promise.all([failing(), failing()]);
    expect([one, other].map(textOf)).toEqual([{ errors: 1 }, { errors: 1 }]);
    const broken = () =>
      run(policy('public', 1), null, signal, () => Promise.reject(new Error('bug')));
    const outcomes = await Promise.allSettled([broken(), broken()]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(runs()).toBe(2);
  });

  it('are not even started by who has already left', async () => {
    const { run, runs } = cacheAt();
    await expect(
      run(policy('public', 1), null, AbortSignal.abort(new Error('left'))),
    ).rejects.toThrow('left');
    expect(runs()).toBe(0);
  });
});

describe('the key of an answer', () => {
  it('is the same for the same variables in another order', () => {
    const again = answerKey({
      ...parts,
      variables: { page: { after: null, first: 1 }, iata: 'ATL' },
    });
    expect(again.text).toBe(key.text);
  });

  it.each<[string, Partial<OperationKeyParts & AnswerKeyParts>]>([
    ['bff', { bff: 'mobile' }],
    ['schema', { schemaHash: 's2' }],
    ['operation', { operation: 'd2:Airport' }],
    ['variables', { variables: { iata: 'JFK' } }],
    ['locale', { locale: 'de' }],
    ['client', { client: { name: 'app', version: '2' } }],
    ['long variables', { variables: { text: 'x'.repeat(1_000) } }],
  ])('is another for another %s', (_what, other) => {
    expect(answerKey({ ...parts, ...other }).text).not.toBe(key.text);
  });

  it('stays short', () => {
    const long = (end: string) =>
      answerKey({ ...parts, variables: { text: 'x'.repeat(100_000) + end } }).text;
    expect(long('a').length).toBeLessThan(300);
    expect(long('a')).not.toBe(long('b'));
  });
});
