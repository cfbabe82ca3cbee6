import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLoadShedding,
  type LoadShedding,
  type Priority,
} from '../../../src/server/admission/load-shedding.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

/** Load shedding whose clock and event loop are the test's. */
function shedding() {
  let delayMs = 0;
  let nowMs = 0;
  let tick = () => {};
  const load = createLoadShedding({
    limits: { eventLoopDelayMs: 50, operationsFloorPerSecond: 10 },
    delay: { read: () => ({ turns: 9, medianMs: delayMs, p99Ms: delayMs }), close: () => {} },
    now: () => nowMs,
    every: (given) => {
      tick = given;
      return () => {};
    },
  });
  /** So many samples of 200 ms with this delay, in each of which so many ask; how many ran. */
  const pass = (delay: number, samples = 1, asking = 100, priority: Priority = 'read') => {
    let ran = 0;
    delayMs = delay;
    for (let sample = 0; sample < samples; sample += 1) {
      for (let each = 0; each < asking; each += 1) {
        nowMs += 200 / asking;
        if (load.takes(priority)) ran += 1;
      }
      tick();
    }
    return ran;
  };
  return { load, pass };
}

describe('how much is taken on', () => {
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
    expect(load.perSecond).toBe(Number.POSITIVE_INFINITY);
  });

  test('is cut below what was taken on, again and again, down to the floor', () => {
    const { load, pass } = shedding();
    pass(51, 2);
    expect(load.perSecond).toBeCloseTo(425);
    const ran = pass(51, 1);
    expect(ran).toBeGreaterThan(60);
    expect(ran).toBeLessThanOrEqual(85);
    pass(51, 200);
    expect(load.perSecond).toBeCloseTo(10);
  });

  test('is not cut when there is little to do, whatever slows the loop', () => {
    const { load, pass } = shedding();
    pass(400, 20, 1);
    expect(load.perSecond).toBe(Number.POSITIVE_INFINITY);
  });

  test('is cut more when the delay is far too long', () => {
    const { load, pass } = shedding();
    pass(500, 2);
    expect(load.perSecond).toBeCloseTo(350);
  });

  test('grows while the loop keeps up, and has no limit after a second with room', () => {
    const { load, pass } = shedding();
    pass(51, 2);
    const after = load.perSecond;
    pass(10);
    expect(load.perSecond).toBeCloseTo(after * 1.1);
    pass(10, 4, 10);
    expect(load.perSecond).toBeLessThan(1_000);
    pass(10, 1, 10);
    expect(load.perSecond).toBe(Number.POSITIVE_INFINITY);
  });

  test('is mutations before reads before what is fetched ahead', () => {
    const { load, pass } = shedding();
    pass(51, 2);
    pass(51, 1, 1);
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

  test('is seen in turns of the loop that are longer than a sample', () => {
    let tick = () => {};
    let nowMs = 0;
    const load = createLoadShedding({
      limits: { eventLoopDelayMs: 50, operationsFloorPerSecond: 10 },
      delay: { read: () => ({ turns: 0, medianMs: 0, p99Ms: 0 }), close: () => {} },
      now: () => nowMs,
      every: (given) => {
        tick = given;
        return () => {};
      },
    });
    for (let turn = 0; turn < 2; turn += 1) {
      expect(load.perSecond).toBe(Number.POSITIVE_INFINITY);
      for (let each = 0; each < 100; each += 1) load.takes('read');
      nowMs += 1_000;
      tick();
    }
    expect(load.perSecond).toBeCloseTo(70);
  });

  test('is measured on the real event loop', async () => {
    const limits = { eventLoopDelayMs: 50, operationsFloorPerSecond: 10 };
    const load = createLoadShedding({ limits });
    const block = () => {
      const until = performance.now() + 120;
      while (performance.now() < until);
      for (let each = 0; each < 10; each += 1) load.takes('read');
      if (load.perSecond === Number.POSITIVE_INFINITY) setTimeout(block, 1);
    };
    block();
    await expect.poll(() => load.perSecond, { timeout: 5_000 }).toBeLessThan(1_000);
    load.close();
  });
});

/** Full for reads, or for all. */
function full(share: 'reads' | 'all'): LoadShedding {
  const refuses = (priority: Priority) => share === 'all' || priority !== 'mutation';
  return {
    refuses,
    takes: (priority) => !refuses(priority),
    perSecond: 1,
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

  test('a query is refused at once, and told when to come back', async () => {
    for (const url of [urls.reads, urls.all]) {
      await send(url, { query: '{ hello }' });
      const started = performance.now();
      const { status, headers, codes, data } = await send(url, { query: '{ hello }' });
      expect(performance.now() - started).toBeLessThan(50);
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
