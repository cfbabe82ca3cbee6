import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../src/limits.ts';
import type { Viewer } from '../../../src/request.ts';
import { createRateLimit } from '../../../src/server/admission/rate-limit.ts';
import { createRedisCounts } from '../../../src/server/admission/redis-counts.ts';
import {
  createSharedBuckets,
  type SharedCounts,
} from '../../../src/server/admission/shared-buckets.ts';
import { createLocalBuckets } from '../../../src/server/admission/token-buckets.ts';
import { type StubOptions, stubServer } from '../../support/stub-server.ts';
import { hasRedis, redisDoor, redisUrl } from '../auth/redis.ts';
import { transports } from './transports.ts';

const viewer: StubOptions['viewer'] = ({ headers }) => {
  const subject = headers.get('x-test-viewer');
  return subject === null ? null : { subject, scopes: [] };
};
const size = { capacity: 10, perSecond: 1 };

describe('a bucket', () => {
  let nowMs = 0;
  const buckets = createLocalBuckets(size, () => nowMs);

  test('gives what it holds, then what flows back', () => {
    expect(buckets.take('a', 8)).toEqual({ granted: true, remaining: 2, waitMs: 0 });
    expect(buckets.take('a', 5)).toEqual({ granted: false, remaining: 2, waitMs: 3_000 });
    expect(buckets.take('b', 10).granted).toBe(true);
    nowMs += 2_999;
    expect(buckets.take('a', 5).granted).toBe(false);
    nowMs += 1;
    expect(buckets.take('a', 5)).toEqual({ granted: true, remaining: 0, waitMs: 0 });
  });

  test('never holds more than it can, and takes a full bucket for what is larger', () => {
    nowMs += 1e9;
    expect(buckets.take('a', 1_000)).toEqual({ granted: true, remaining: 0, waitMs: 0 });
  });
});

describe('budgets', () => {
  const limit = createRateLimit({
    name: 'web',
    limits: { ...defaultLimits, budgetPoints: 10, budgetPointsPerSecond: 1 },
    clients: { ios: { minimum: '1.0.0' } },
    now: () => 0,
  });
  const spend = (who: Viewer | null, client: string | null, address = '10.0.0.1') =>
    limit.operation({ viewer: who, client: { name: client, version: null }, address }, 6);
  const ada = { subject: 'ada', scopes: [] };

  test('are one for a viewer wherever they are, and one for an address without', async () => {
    expect(await spend(ada, null)).toMatchObject({ granted: true });
    expect(await spend(ada, null, '10.0.0.2')).toEqual({
      granted: false,
      headers: {
        'ratelimit-policy': '"budget";q=10;w=10;qu="points"',
        ratelimit: '"budget";r=4;t=6',
        'retry-after': '2',
      },
    });
    expect(await spend({ subject: 'bo', scopes: [] }, null)).toMatchObject({ granted: true });
    expect(await spend(null, null)).toMatchObject({ granted: true });
    expect(await spend(null, null)).toMatchObject({ granted: false });
    expect(await spend(null, null, '10.0.0.2')).toMatchObject({ granted: true });
  });

  test('are apart for a listed app, and not for a name that somebody makes up', async () => {
    expect(await spend(ada, 'ios')).toMatchObject({ granted: true });
    expect(await spend(ada, 'made-up-1')).toMatchObject({ granted: false });
    expect(await spend(ada, 'made-up-2')).toMatchObject({ granted: false });
  });
});

describe.each(transports)('over %s', (name, send) => {
  // Ten operations of one point at once, and nothing comes back while the test runs.
  const limits = { budgetPoints: 10, budgetPointsPerSecond: 0.001 };
  let server: ReturnType<typeof stubServer>;
  let url = '';
  beforeEach(async () => {
    server = stubServer({ limits, rateLimit: true, viewer });
    ({ url } = await server.listen());
    return () => server.close();
  });

  test('a viewer has one budget, and hears what is left of it', async () => {
    const sent = { query: '{ viewer }' };
    for (let left = 9; left >= 0; left -= 1) {
      const { data, headers } = await send(url, sent, { 'x-test-viewer': 'ada' });
      expect(data).toEqual({ viewer: 'ada' });
      if (name !== 'WebSocket') expect(headers.get('ratelimit')).toMatch(`"budget";r=${left};t=`);
    }
    for (let time = 0; time < 2; time += 1) {
      const refused = await send(url, sent, { 'x-test-viewer': 'ada' });
      expect([refused.data, refused.codes]).toEqual([null, ['RATE_LIMITED']]);
      expect(refused.status).toBe(name === 'WebSocket' ? null : 429);
      if (name === 'WebSocket') continue;
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.headers.get('ratelimit-policy')).toContain('"budget";q=10;');
    }
    expect((await send(url, sent, { 'x-test-viewer': 'bo' })).data).toEqual({ viewer: 'bo' });
  });

  test('an operation is charged its points', async () => {
    const dear = { query: '{ node { nodes { id } } }' };
    expect((await send(url, dear)).codes).toEqual([]);
    expect((await send(url, dear)).codes).toEqual(['RATE_LIMITED']);
  });
});

describe.each(transports)('requests of one address over %s', (name, send) => {
  let asked = 0;
  const server = stubServer({
    limits: { addressRequests: 4, addressRequestsPerSecond: 0.001 },
    rateLimit: true,
    trustedHops: 1,
    viewer: () => {
      asked += 1;
      return null;
    },
  });
  let url = '';
  beforeAll(async () => {
    ({ url } = await server.listen());
  });
  afterAll(() => server.close());

  test('are limited before anybody is asked who sent them', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address });
    // A WebSocket is a request, and each operation on it another.
    for (let time = 0; time < (name === 'WebSocket' ? 2 : 4); time += 1) {
      // Whatever it claims to have been forwarded for: the proxy's own word counts.
      const spoofed = from(`198.51.100.${time}, 192.0.2.1`);
      expect((await send(url, { query: '{ hello }' }, spoofed)).codes).toEqual([]);
    }
    const before = asked;
    const refused = await send(url, { query: '{ hello }' }, from('192.0.2.1'));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/);
    if (name !== 'WebSocket') expect(refused.codes).toEqual(['RATE_LIMITED']);
    expect(asked).toBe(before);
    expect((await send(url, { query: '{ hello }' }, from('192.0.2.2'))).codes).toEqual([]);
  });

  test('of any path and method count', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.3' };
    for (const path of ['/', '/auth/login', '/graphql']) {
      await fetch(new URL(path, url), { method: 'PUT', headers });
    }
    await fetch(url, { method: 'POST', headers, body: '{' });
    expect((await fetch(new URL('/other', url), { headers })).status).toBe(429);
  });
});

describe('shared buckets', () => {
  test('without Redis are those of each instance', async () => {
    const away: SharedCounts = { run: async () => undefined, close: async () => {} };
    const buckets = createSharedBuckets('x', size, away);
    expect(await buckets.take('a', 10)).toMatchObject({ granted: true });
    expect(await buckets.take('a', 1)).toMatchObject({ granted: false });
  });
});

describe.runIf(hasRedis)('with Redis', () => {
  const instances = (count: number, url = new URL(redisUrl), log: string[] = []) => {
    const name = randomUUID();
    return Array.from({ length: count }, () => {
      const counts = createRedisCounts({
        url,
        log: (message) => log.push(message),
        timeoutMs: 5_000,
      });
      const slow = { capacity: 1_000, perSecond: 0.001 };
      return { counts, buckets: createSharedBuckets(name, slow, counts) };
    });
  };
  const ready = async (all: ReturnType<typeof instances>) => {
    const probe = { text: 'return 1', hash: 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db' };
    for (const { counts } of all) {
      await expect.poll(() => counts.run(probe, 'x', [])).toBe(1);
    }
  };

  test('three instances grant one budget, to the point', async () => {
    const all = instances(3);
    await ready(all);
    let granted = 0;
    for (let round = 0; round < 50; round += 1) {
      const taken = await Promise.all(
        all.flatMap(({ buckets }) => Array.from({ length: 10 }, () => buckets.take('ada', 1))),
      );
      granted += taken.filter((one) => one.granted).length;
    }
    expect(granted).toBe(1_000);
    await Promise.all(all.map(({ counts }) => counts.close()));
  });

  test('each limits by itself while Redis is away, and together once it is back', async () => {
    const door = await redisDoor();
    const log: string[] = [];
    const all = instances(2, door.url, log);
    const take = () => Promise.all(all.map(({ buckets }) => buckets.take('ada', 1_000)));
    expect((await take()).map(({ granted }) => granted)).toEqual([true, true]);
    await expect.poll(() => log).toHaveLength(2);
    await door.open();
    await ready(all);
    expect((await take()).filter(({ granted }) => granted)).toHaveLength(1);
    expect(log.slice(2)).toEqual(Array(2).fill('shared rate limits are back'));
    await Promise.all(all.map(({ counts }) => counts.close()));
    await door.shut();
  });
});
