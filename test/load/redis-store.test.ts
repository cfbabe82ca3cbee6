import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCaches, invalidate } from '../../src/load/caches.ts';
import { createRedisStore, type RedisStoreOptions } from '../../src/load/redis-store.ts';
import type { SharedStore } from '../../src/load/shared-store.ts';
import { contextOver } from '../backend/request-context.ts';
import { liveAirports, taggedAirports } from './airports.ts';
import { cableTo, freePort, privateRedis, redisAnswers, redisUrl, until } from './redis.ts';

const hasRedis = await redisAnswers();

function opened(options: Partial<RedisStoreOptions> = {}): SharedStore {
  const store = createRedisStore({ url: redisUrl, version: 'web:1', ...options });
  onTestFinished(() => store.close());
  return store;
}

async function running(options: Partial<RedisStoreOptions> = {}): Promise<SharedStore> {
  const store = opened(options);
  await until('the store', () => store.ready);
  return store;
}

const ownNamespace = () => `test-${randomUUID()}`;

const entry = (key: string, tags: readonly string[] = []) => ({
  key,
  text: `of ${key}`,
  ttlMs: 5_000,
  tags,
});

async function asOfNow(store: SharedStore): Promise<string> {
  return (await store.get(['none']))!.asOf;
}

describe.skipIf(!hasRedis)('a shared store on Redis', () => {
  it('gives another instance what one has kept, in the order asked', async () => {
    const namespace = ownNamespace();
    const [one, other] = await Promise.all([running({ namespace }), running({ namespace })]);
    one.set([entry('A'), entry('B')], await asOfNow(one));
    const read = await one.get(['B', 'X', 'A']);
    expect(read?.texts).toEqual(['of B', null, 'of A']);
    expect((await other.get(['A']))?.texts).toEqual(['of A']);
  });

  it('shows nothing to another version, and keeps no value that is too large', async () => {
    const namespace = ownNamespace();
    const web = await running({ namespace, maxValueLength: 4 });
    const mobile = await running({ namespace, version: 'mobile:1' });
    web.set([entry('A'), entry('BB')], await asOfNow(web));
    expect((await web.get(['A', 'BB']))?.texts).toEqual(['of A', null]);
    expect((await mobile.get(['A']))?.texts).toEqual([null]);
  });

  it('tells every other instance which tags are invalid within 100 ms, whatever its version', async () => {
    const namespace = ownNamespace();
    const [one, other] = await Promise.all([
      running({ namespace }),
      running({ namespace, version: 'mobile:1' }),
    ]);
    const heard: unknown[] = [];
    const ownEcho: unknown[] = [];
    other.onInvalidate((tags) => heard.push(tags));
    one.onInvalidate((tags) => ownEcho.push(tags));
    one.set([entry('A', ['T:1']), entry('B', ['T:2'])], await asOfNow(one));
    other.set([entry('A', ['T:1'])], await asOfNow(other));
    await other.get(['A']);
    const startedAt = performance.now();
    await one.invalidate(['T:1']);
    await until('the tags', () => heard.length > 0);
    expect(performance.now() - startedAt).toBeLessThan(100);
    expect(heard).toEqual([['T:1']]);
    expect(ownEcho).toEqual([]);
    expect((await one.get(['A', 'B']))?.texts).toEqual([null, 'of B']);
    expect((await other.get(['A']))?.texts).toEqual([null]);
  });

  it('refuses what was read before its tag was invalidated, and takes what was read after', async () => {
    const namespace = ownNamespace();
    const [one, other] = await Promise.all([running({ namespace }), running({ namespace })]);
    const before = await asOfNow(one);
    await other.invalidate(['T:1']);
    one.set([entry('A', ['T:1']), entry('B', ['T:2'])], before);
    expect((await one.get(['A', 'B']))?.texts).toEqual([null, 'of B']);
    one.set([entry('A', ['T:1'])], await asOfNow(one));
    expect((await one.get(['A']))?.texts).toEqual(['of A']);
  });

  it('drops an entity everywhere when a mutation of one instance invalidates its tag', async () => {
    const namespace = ownNamespace();
    const instances = await Promise.all(
      [0, 1].map(async () => {
        let city = 'old';
        const { live, asked } = liveAirports((codes) => codes.map((iata) => ({ iata, city })));
        const store = await running({ namespace });
        createCaches({ backends: [live], store });
        return { live, asked, store, change: (to: string) => void (city = to) };
      }),
    );
    const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]];
    const heard: unknown[] = [];
    other.store.onInvalidate((tags) => heard.push(tags));
    const batch = taggedAirports();
    const cityAt = async ({ live }: typeof one) =>
      (await batch.load(contextOver([live]), 'ATL'))?.city;
    expect(await cityAt(one)).toBe('old');
    expect(await cityAt(other)).toBe('old');
    expect(other.asked).toEqual([]);
    one.change('new');
    other.change('new');
    await invalidate(contextOver([one.live]), ['Airport:ATL']);
    expect(await cityAt(one)).toBe('new');
    await until('the tags', () => heard.length > 0);
    expect(await cityAt(other)).toBe('new');
  });

  it('answers nothing within a few ms once its Redis is killed, heals, and says so once each', async () => {
    const redis = await privateRedis();
    const log: string[] = [];
    const store = await running({ url: redis.url, log: (line) => log.push(line) });
    const other = await running({ url: redis.url });
    const heard: unknown[] = [];
    other.onInvalidate((tags) => heard.push(tags));
    store.set([entry('A', ['T:1'])], await asOfNow(store));
    await redis.kill();
    await until('the loss', () => !store.ready && !other.ready);
    const startedAt = performance.now();
    for (let index = 0; index < 100; index++) {
      expect(await store.get(['A'])).toBeNull();
      store.set([entry('A')], '0');
    }
    await store.invalidate(['T:1']);
    expect(performance.now() - startedAt).toBeLessThan(100); // 1 ms each
    await redis.start();
    await until('the return', () => store.ready && other.ready);
    await until('what was missed', () => heard.includes(null));
    store.set([entry('A', ['T:1'])], await asOfNow(store));
    expect((await store.get(['A']))?.texts).toEqual(['of A']);
    expect(log).toEqual([
      expect.stringMatching(
        /^shared store is away, values stay in this process until it is back: /,
      ),
      'shared store is back',
    ]);
  });

  it('says what was invalidated while it was cut off before it is read again', async () => {
    const cable = await cableTo(redisUrl);
    const namespace = ownNamespace();
    const [store, other] = await Promise.all([
      running({ namespace, url: cable.url }),
      running({ namespace }),
    ]);
    const heard: unknown[] = [];
    other.onInvalidate((tags) => heard.push(tags));
    store.set([entry('A', ['T:1']), entry('B', ['T:2'])], await asOfNow(store));
    expect((await store.get(['A']))?.texts).toEqual(['of A']);
    await cable.cut();
    await until('the loss', () => !store.ready);
    await store.invalidate(['T:1']);
    expect((await other.get(['A']))?.texts).toEqual(['of A']);
    await cable.mend();
    await until('the return', () => store.ready);
    expect((await store.get(['A', 'B']))?.texts).toEqual([null, 'of B']);
    await until('the tags', () => heard.length > 0);
    expect(heard).toEqual([['T:1']]);
  });

  it('drops everything when more was invalidated than it could remember', async () => {
    const cable = await cableTo(redisUrl);
    const namespace = ownNamespace();
    const store = await running({ namespace, url: cable.url });
    const other = await running({ namespace });
    const heard: unknown[] = [];
    other.onInvalidate((tags) => heard.push(tags));
    store.set([entry('A', ['T:1'])], await asOfNow(store));
    await store.get(['A']);
    await cable.cut();
    await until('the loss', () => !store.ready);
    const tags = Array.from({ length: 6_000 }, (_, index) => `U:${index}`);
    await store.invalidate(tags);
    await store.invalidate(tags.map((tag) => `V${tag}`));
    await store.invalidate(['T:2']);
    await cable.mend();
    await until('the return', () => store.ready);
    expect((await store.get(['A']))?.texts).toEqual([null]);
    await until('the word', () => heard.length > 0);
    expect(heard).toEqual([null]);
  });

  it('is left alone for a second when it stalls', async () => {
    const redis = await privateRedis();
    const store = await running({ url: redis.url });
    store.set([entry('A')], await asOfNow(store));
    redis.stall();
    const startedAt = performance.now();
    expect(await store.get(['A'])).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(150);
    expect(store.ready).toBe(false);
    await store.invalidate(['T:1']);
    expect(performance.now() - startedAt).toBeLessThan(400);
    redis.resume();
    await until('the end of the pause', () => store.ready);
    expect((await store.get(['A']))?.texts).toEqual(['of A']);
  });
});

describe('a shared store whose Redis is not there', () => {
  it('is not ready, answers at once, says so once and closes', async () => {
    const log: string[] = [];
    const store = createRedisStore({
      url: `redis://127.0.0.1:${await freePort()}`,
      version: 'web:1',
      log: (line) => log.push(line),
    });
    await until('the word', () => log.length > 0);
    expect(store.ready).toBe(false);
    expect(await store.get(['A'])).toBeNull();
    await store.invalidate(['T:1']);
    await store.close();
    expect(log).toHaveLength(1);
  });

  it('does not change what a batch answers', async () => {
    const store = opened({ url: `redis://127.0.0.1:${await freePort()}` });
    const { live, asked } = liveAirports();
    createCaches({ backends: [live], store });
    const batch = taggedAirports();
    expect(await batch.load(contextOver([live]), 'ATL')).toMatchObject({ iata: 'ATL' });
    expect(await batch.load(contextOver([live]), 'ATL')).toMatchObject({ iata: 'ATL' });
    expect(asked).toEqual([['ATL']]);
  });
});
