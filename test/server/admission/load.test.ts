import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLoadShedding,
  type LoadShedding,
  type Priority,
} from '../../../src/server/admission/load-shedding.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

const limits = { eventLoopDelayMs: 50, operationsFloor: 10 };

/** Load shedding whose clock and event loop are the test's. */
function shedding(turns = 9) {
  let delayMs = 0;
  let waitMs = 0;
  let nowMs = 0;
  let tick = () => {};
  const load = createLoadShedding({
    limits,
    delay: { read: () => ({ turns, medianMs: delayMs, p99Ms: delayMs }), close: () => {} },
    turns: { next: () => null, readMeanWaitMs: () => waitMs },
    now: () => nowMs,
    every: (given) => {
      tick = given;
      return () => {};
    },
  });
  /** So many samples with this delay, in each of which so many ask and all that run end; how many ran. */
  const pass = (delay: number, samples = 1, asking = 100, priority: Priority = 'read') => {
    let ran = 0;
    delayMs = delay;
    for (let sample = 0; sample < samples; sample += 1) {
      const before = ran;
      for (let each = 0; each < asking; each += 1) if (load.takes(priority)) ran += 1;
      for (let each = before; each < ran; each += 1) load.ended();
      nowMs += Math.max(200, turns === 0 ? delay : 0);
      tick();
    }
    return ran;
  };
  const wait = (ms: number) => {
    waitMs = ms;
  };
  return { load, pass, wait, tick: () => tick() };
}

describe('how much runs at once', () => {
  test('is without limit while the event loop keeps up', () => {
    const { load, pass } = shedding();
    expect(pass(49, 10, 10_000, 'prefetch')).toBe(100_000);
    expect(load.refuses('prefetch')).toBe(false);
  });

  test('is not cut by one long pause', () => {
    const { load, pass } = shedding();
    pass(400);
    pass(0);
    pass(400);
    expect(load.atOnce).toBe(Number.POSITIVE_INFINITY);
  });

  test('is cut by as much as the delay was too long, down to the floor', () => {
    const { load, pass } = shedding();
    pass(100, 2);
    expect(load.atOnce).toBeCloseTo(50);
    expect(pass(100, 1)).toBe(40);
    pass(1_000, 20);
    expect(load.atOnce).toBe(10);
  });

  test('is cut as well when answers wait for their turn, however short the turns are', () => {
    const { load, pass, wait } = shedding();
    wait(100);
    pass(0, 2);
    expect(load.atOnce).toBeCloseTo(50);
  });

  test('is not cut when there is little to do, whatever slows the loop', () => {
    const { load, pass } = shedding();
    pass(400, 20, 10);
    expect(load.atOnce).toBe(Number.POSITIVE_INFINITY);
  });

  test('is not cut again while what was taken on before still runs', () => {
    const { load, pass, tick } = shedding();
    for (let each = 0; each < 100; each += 1) load.takes('read');
    pass(500, 2, 0);
    expect(load.atOnce).toBeCloseTo(10);
    pass(500, 6, 0);
    for (let each = 0; each < 100; each += 1) load.ended();
    tick();
    expect(load.atOnce).toBeCloseTo(10);
  });

  test('grows while the loop keeps up, and has no limit after a second with room', () => {
    const { load, pass } = shedding();
    pass(100, 2);
    pass(10);
    expect(load.atOnce).toBeCloseTo(51);
    pass(10, 4, 10);
    expect(load.atOnce).toBeLessThan(100);
    pass(10, 1, 10);
    expect(load.atOnce).toBe(Number.POSITIVE_INFINITY);
  });

  test('is mutations before reads before what is fetched ahead', () => {
    const { load, pass } = shedding();
    pass(100, 2);
    const refused = () =>
      (['mutation', 'read', 'prefetch'] as const).filter((priority) => load.refuses(priority));
    const order: string[] = [];
    for (let each = 0; each < 200; each += 1) {
      order.push(refused().join(' '));
      load.takes('mutation');
    }
    expect([...new Set(order)]).toEqual([
      '',
      'prefetch',
      'read prefetch',
      'mutation read prefetch',
    ]);
  });

  test('leaves what may be a mutation unread once twenty that were read turned out to be reads', () => {
    const { load, pass } = shedding();
    pass(100, 2);
    for (let each = 0; each < 40; each += 1) expect(load.takes('read')).toBe(true);
    for (let each = 0; each < 20; each += 1) {
      expect(load.refuses('mutation')).toBe(false);
      expect(load.takes('read')).toBe(false);
    }
    expect(load.refuses('mutation')).toBe(true);
    pass(10, 1, 0);
    expect(load.refuses('mutation')).toBe(false);
  });

  test('is seen in turns of the loop that are longer than a sample', () => {
    const { load, pass } = shedding(0);
    pass(1_020);
    expect(load.atOnce).toBe(Number.POSITIVE_INFINITY);
    pass(1_020);
    expect(load.atOnce).toBe(10);
  });

  test('is measured on the real event loop', async () => {
    const load = createLoadShedding({ limits });
    const block = () => {
      const until = performance.now() + 120;
      while (performance.now() < until);
      for (let each = 0; each < 10; each += 1) load.takes('read');
      if (load.atOnce === Number.POSITIVE_INFINITY) setTimeout(block, 1);
    };
    block();
    await expect.poll(() => load.atOnce, { timeout: 5_000 }).toBeLessThan(1_000);
    load.close();
  });
});

/** Full for reads, or for all. */
function full(share: 'reads' | 'all'): LoadShedding {
  const refuses = (priority: Priority) => share === 'all' || priority !== 'mutation';
  return {
    refuses,
    takes: (priority) => !refuses(priority),
    ended() {},
    turn: () => null,
    atOnce: 1,
    close() {},
  };
}

describe.each(transports)('when there is too much, over %s', (name, send) => {
  let asked = 0;
  const viewer = () => {
    asked += 1;
    return null;
  };
  const reads = stubServer({ load: full('reads'), viewer });
  const all = stubServer({ load: full('all'), viewer });
  const urls = { reads: '', all: '' };
  beforeAll(async () => {
    urls.reads = (await reads.listen()).url;
    urls.all = (await all.listen()).url;
  });
  afterAll(() => Promise.all([reads.close(), all.close()]));

  test('a query is refused before anybody asks who asks, and told when to come back', async () => {
    for (const url of [urls.reads, urls.all]) {
      const { status, headers, codes, data } = await send(url, { query: '{ hello }' });
      expect(data).toBeNull();
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toMatch(/^[123]$/);
      if (name !== 'WebSocket') expect(codes).toEqual(['UPSTREAM_OVERLOADED']);
    }
    expect(asked).toBe(0);
  });

  test('a mutation still runs until all is full', async () => {
    if (name.includes('GET') || name === 'WebSocket') return expect(reads.seen.written).toBe(0);
    const sent = { query: 'mutation { write(text: "x") }' };
    const written = send(urls.reads, sent);
    await reads.waiting();
    reads.release();
    expect((await written).data).toEqual({ write: 'x' });
    expect((await send(urls.all, sent)).status).toBe(503);
  });

  test('a prefetch is refused before its body is read', async () => {
    const sent = { query: 'mutation { write(text: "x") }' };
    if (name === 'WebSocket') return expect((await send(urls.all, sent)).status).toBe(503);
    const { status } = await send(urls.reads, sent, { 'sec-purpose': 'prefetch;prerender' });
    expect(status).toBe(503);
  });
});

test.each(transports)('what was taken on is over once it is answered, over %s', async (_, send) => {
  const counts = { taken: 0, ended: 0 };
  const load: LoadShedding = {
    refuses: () => false,
    takes: () => (counts.taken += 1) > 0,
    ended: () => (counts.ended += 1),
    turn: () => null,
    atOnce: 1,
    close() {},
  };
  const server = stubServer({ load });
  const { url } = await server.listen();
  await send(url, { query: '{ hello }' });
  await expect.poll(() => counts).toEqual({ taken: 1, ended: 1 });
  await server.close();
});
