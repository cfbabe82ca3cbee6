import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLoadShedding,
  type LoadShedding,
} from '../../../src/server/admission/load-shedding.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

/** Load shedding whose clock and event loop are the test's. */
function shedding() {
  const loop = { delayMs: 0 };
  let tick = () => {};
  const load = createLoadShedding({
    limits: { eventLoopDelayMs: 50, concurrencyFloor: 10 },
    delay: { read: () => loop.delayMs, close: () => {} },
    every: (given) => {
      tick = given;
      return () => {};
    },
  });
  const run = (count: number) => {
    for (let each = 0; each < count; each += 1) load.entered();
    for (let each = 0; each > count; each -= 1) load.left();
  };
  const pass = (delayMs: number, times = 1) => {
    loop.delayMs = delayMs;
    for (let each = 0; each < times; each += 1) tick();
  };
  return { load, run, pass };
}

describe('how much is taken on', () => {
  test('is without limit while the event loop keeps up', () => {
    const { load, run, pass } = shedding();
    run(10_000);
    pass(49, 100);
    expect(load.refuses('prefetch')).toBe(false);
  });

  test('is not cut by one long pause', () => {
    const { load, run, pass } = shedding();
    run(100);
    pass(400);
    pass(0);
    pass(400);
    expect(load.limit).toBe(Number.POSITIVE_INFINITY);
  });

  test('is cut by a fifth each time, down to the floor', () => {
    const { load, run, pass } = shedding();
    run(100);
    pass(51, 2);
    expect(load.limit).toBe(80);
    pass(51);
    expect(load.limit).toBe(64);
    pass(51, 100);
    expect(load.limit).toBe(10);
  });

  test('grows by a tenth while it keeps up, and is without limit after a second of room', () => {
    const { load, run, pass } = shedding();
    run(100);
    pass(51, 2);
    run(-20);
    pass(10);
    expect(load.limit).toBe(88);
    run(-80);
    pass(10, 5);
    expect(load.limit).toBeLessThan(200);
    pass(10, 2);
    expect(load.limit).toBe(Number.POSITIVE_INFINITY);
  });

  test('is mutations before reads before what is fetched ahead', () => {
    const { load, run, pass } = shedding();
    run(100);
    pass(51, 2);
    const refused = () =>
      (['mutation', 'read', 'prefetch'] as const).filter((priority) => load.refuses(priority));
    expect(refused()).toEqual(['mutation', 'read', 'prefetch']);
    run(-1);
    expect(refused()).toEqual(['read', 'prefetch']);
    run(-20);
    expect(refused()).toEqual(['prefetch']);
    run(-40);
    expect(refused()).toEqual([]);
  });

  test('measures the real event loop', async () => {
    const load = createLoadShedding({ limits: { eventLoopDelayMs: 50, concurrencyFloor: 10 } });
    for (let each = 0; each < 100; each += 1) load.entered();
    const block = () => {
      const until = performance.now() + 120;
      while (performance.now() < until);
      if (load.limit === Number.POSITIVE_INFINITY) setTimeout(block, 1);
    };
    block();
    await expect.poll(() => load.limit, { timeout: 5_000 }).toBeLessThanOrEqual(100);
    load.close();
  });
});

/** Full for reads, or for all. */
function full(share: 'reads' | 'all'): LoadShedding {
  return {
    refuses: (priority) => share === 'all' || priority !== 'mutation',
    entered() {},
    left() {},
    limit: 1,
    running: 1,
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
