import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startIdentity } from '../../../sandbox/identity/identity.ts';
import type { RunningService } from '../../../sandbox/service/service.ts';
import { createIdentityProvider } from '../../../src/server/auth/identity-provider.ts';
import { redisSessionStore } from '../../../src/server/auth/redis-session-store.ts';
import { createSealer } from '../../../src/server/auth/sealed.ts';
import { createSessions, type Session } from '../../../src/server/auth/sessions.ts';
import { memorySessionStore, type SessionStore } from '../../../src/server/auth/session-store.ts';
import { listLogger } from '../../support/stub-server.ts';
import { loginAsWeb } from '../../support/app.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { hasRedis, redisUrl } from './redis.ts';

const dir = tempDir();
let identity: RunningService;

beforeAll(async () => {
  identity = await startIdentity({ dataDir: dir.path });
});

afterAll(async () => {
  await identity.close();
  dir[Symbol.dispose]();
});

it('a Redis is here to keep sessions in', () => {
  if (!hasRedis) console.warn(`sessions were not kept in Redis: there is none at ${redisUrl}`);
  expect(hasRedis || process.env['CI'] !== 'true').toBe(true);
});

const stores: [string, () => SessionStore][] = [['memory', memorySessionStore]];
if (hasRedis) stores.push(['Redis', () => redisSessionStore(new URL(redisUrl), listLogger([]))]);

const secret = 'a secret of at least thirty-two characters';
const minute = 60_000;
const refreshes = () => identity.calls.counts()['POST /token refresh_token'] ?? 0;

describe.each(stores)('sessions in %s', (kind, open) => {
  let store: SessionStore;
  beforeAll(async () => {
    store = open();
    // A store that has just been opened may not be connected yet.
    await vi.waitFor(() => store.get('ready'));
  });
  afterAll(() => store.close());

  /** An instance of the BFF; several share a store where it can be shared. */
  const instance = (options: { now?: () => number; store?: SessionStore; secret?: string } = {}) =>
    createSessions({
      store,
      provider: createIdentityProvider({
        issuer: new URL(identity.url),
        clientId: 'bff-web',
        clientSecret: 'sandbox-web-secret',
      }),
      secret,
      ...options,
    });

  async function session(changes: Partial<Session> = {}): Promise<Session> {
    return {
      subject: 'ada',
      name: 'Ada Lovelace',
      scopes: ['bookings.read'],
      accessToken: 'access',
      renewAtMs: Date.now() + minute,
      refreshToken: null,
      startedAtMs: Date.now(),
      ...changes,
    };
  }

  /** A session whose access token has run out, with a refresh token that holds. */
  async function due(): Promise<Session> {
    const { tokens } = await loginAsWeb(identity.url, 'ada');
    return session({ renewAtMs: 0, refreshToken: tokens.refresh_token ?? null });
  }

  it('come back as they were, for their id alone', async () => {
    const sessions = instance();
    const given = await session();
    const id = await sessions.start(given);
    expect(id).toMatch(/^[\w-]{43}$/);
    expect(await sessions.find(id)).toEqual(given);
    expect(await sessions.find('x'.repeat(43))).toBeNull();
    expect(await sessions.start(given)).not.toBe(id);
  });

  it('are nothing without the secret, and nothing under another key', async () => {
    const texts = new Map<string, string>();
    const spied: SessionStore = {
      ...store,
      set: (key, text, ttlMs) => {
        texts.set(key, text);
        return store.set(key, text, ttlMs);
      },
    };
    const sessions = instance({ store: spied });
    const one = await sessions.start(await session());
    const two = await sessions.start(await session({ subject: 'grace' }));
    const [[keyOne = '', textOne = ''] = [], [keyTwo = ''] = []] = [...texts];
    expect(`${keyOne} ${textOne}`).not.toMatch(new RegExp(`${one}|ada|access`, 'i'));
    expect(await instance({ secret: `${secret}, another` }).find(one)).toBeNull();
    await store.set(keyTwo, textOne, minute);
    expect(await sessions.find(two)).toBeNull();
  });

  it('end after 30 minutes without use, and 12 hours with', async () => {
    let now = Date.now();
    const ttls: number[] = [];
    const spied: SessionStore = {
      ...store,
      extend: async (key, ttlMs) => {
        ttls.push(ttlMs);
        await store.extend(key, ttlMs);
      },
    };
    const sessions = instance({ now: () => now, store: spied });
    const startedAtMs = now;
    const id = await sessions.start(
      await session({ startedAtMs, renewAtMs: now + 24 * 60 * minute }),
    );
    now += minute;
    await sessions.find(id);
    await sessions.find(id);
    expect(ttls).toEqual([30 * minute]); // again at most every 30 s
    now = startedAtMs + 11.9 * 60 * minute;
    await sessions.find(id);
    expect(ttls.at(-1)).toBeCloseTo(0.1 * 60 * minute, -1);
    now = startedAtMs + 12 * 60 * minute;
    expect(await sessions.find(id)).toBeNull();
  });

  it('are gone from the store when nobody used them', async () => {
    const key = `test:${randomUUID()}`;
    await store.set(key, 'text', 30);
    expect(await store.get(key)).toBe('text');
    await expect.poll(() => store.get(key)).toBeNull();
    await store.set(key, 'text', 30);
    await store.extend(key, minute);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await store.get(key)).toBe('text');
    expect(await store.replace(key, 'next', minute)).toBe(true);
    expect(await store.remove(key)).toBe(true);
    expect(await store.replace(key, 'back', minute)).toBe(false);
    expect(await store.get(key)).toBeNull();
  });

  it('have a lock that one holds', async () => {
    const key = `test:${randomUUID()}`;
    const unlock = await store.lock(key, minute);
    expect(await store.lock(key, minute)).toBeNull();
    await unlock?.();
    await (await store.lock(key, minute))?.();
  });

  it('are renewed once for 20 who ask at the same moment', async () => {
    const sessions = instance();
    const id = await sessions.start(await due());
    const before = refreshes();
    const found = await Promise.all(Array.from({ length: 20 }, () => sessions.find(id)));
    expect(refreshes() - before).toBe(1);
    expect(new Set(found.map((one) => one?.accessToken)).size).toBe(1);
    expect(found[0]?.accessToken).toMatch(/^eyJ/);
    expect((await sessions.find(id))?.accessToken).toBe(found[0]?.accessToken);
    expect(refreshes() - before).toBe(1);
  });

  it('are renewed once, whichever of two instances is asked', async () => {
    const instances = [instance(), instance()] as const;
    const id = await instances[0].start(await due());
    const before = refreshes();
    const found = await Promise.all(
      Array.from({ length: 20 }, (_, index) => instances[index % 2 === 0 ? 0 : 1].find(id)),
    );
    expect(refreshes() - before).toBe(1);
    expect(new Set(found.map((one) => one?.accessToken)).size).toBe(1);
  });

  it('end when the provider takes their refresh token no more', async () => {
    const sessions = instance();
    const id = await sessions.start(await session({ renewAtMs: 0, refreshToken: 'made up' }));
    expect(await sessions.find(id)).toBeNull();
    expect(await instance().find(id)).toBeNull();
  });

  it('go on while the provider does not answer', async () => {
    const silent = { issuer: 'x', configuration: () => Promise.reject(new Error('down')) };
    const sessions = createSessions({ store, provider: silent, secret });
    const given = await session({ renewAtMs: 0, refreshToken: 'kept' });
    const id = await sessions.start(given);
    expect(await sessions.find(id)).toEqual(given);
  });

  it('do not come back when they end while being renewed, and what was renewed is revoked', async () => {
    const sessions = instance();
    const id = await sessions.start(await due());
    const removing: SessionStore = {
      ...store,
      replace: async (key, text, ttlMs) => {
        await store.remove(key);
        return store.replace(key, text, ttlMs);
      },
    };
    const revocations = () => identity.calls.counts()['POST /token'] ?? 0;
    const before = revocations();
    expect(await instance({ store: removing }).find(id)).toBeNull();
    expect(await sessions.find(id)).toBeNull();
    expect(revocations() - before).toBe(1);
  });

  it('tell who watches them when they end', async () => {
    const sessions = instance();
    const id = await sessions.start(await session());
    const ended = vi.fn<() => void>();
    const stopped = vi.fn<() => void>();
    sessions.watch(id, ended);
    sessions.watch(id, stopped)();
    await sessions.end(id);
    expect(ended).toHaveBeenCalledOnce();
    expect(stopped).not.toHaveBeenCalled();
  });

  it(`fail as unavailable when ${kind} does not answer`, async () => {
    const broken: SessionStore = { ...store, get: () => Promise.reject(new Error('gone')) };
    await expect(instance({ store: broken }).find('x'.repeat(43))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'sessions',
    });
  });
});

describe('what is sealed', () => {
  const sealer = createSealer(secret, 'test');
  it('opens where it belongs', () => {
    expect(sealer.open(sealer.seal('text', 'here'), 'here')).toBe('text');
    expect(sealer.seal('text', 'here')).not.toBe(sealer.seal('text', 'here'));
  });

  it.each([
    ['another place', (text: string) => sealer.open(text, 'there')],
    ['another purpose', (text: string) => createSealer(secret, 'other').open(text, 'here')],
    ['another secret', (text: string) => createSealer(`${secret}!`, 'test').open(text, 'here')],
    [
      'a changed text',
      (text: string) => sealer.open(`${text.startsWith('B') ? 'C' : 'B'}${text.slice(1)}`, 'here'),
    ],
    ['a shorter text', (text: string) => sealer.open(text.slice(0, -4), 'here')],
    ['nothing', () => sealer.open('', 'here')],
  ])('does not open in %s', (_case, open) => {
    const sealed = `A${sealer.seal('text', 'here').slice(1)}`;
    expect(open(sealed)).toBeNull();
  });
});
