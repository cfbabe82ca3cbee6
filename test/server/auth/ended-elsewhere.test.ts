import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { web } from '../../../bff-web/bff.ts';
import { startFlights } from '../../../sandbox/flights/flights.ts';
import type { RunningService } from '../../../sandbox/service/service.ts';
import { redisSessionStore } from '../../../src/server/auth/redis-session-store.ts';
import type { SessionStore } from '../../../src/server/auth/session-store.ts';
import type { Browser } from '../../support/browser.ts';
import { listLogger } from '../../support/stub-server.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { listening, type ListeningServer, type Protected, startProtected } from './example.ts';
import { hasRedis, type RedisDoor, redisDoor, redisUrl } from './redis.ts';
import { csrf, loggedIn, sessionCookie, webAuth } from './web.ts';

test('a Redis is here that tells of sessions', () => {
  if (!hasRedis) console.warn(`no session ended on another instance: there is no ${redisUrl}`);
  expect(hasRedis || process.env['CI'] !== 'true').toBe(true);
});

describe.runIf(hasRedis)('a session that ends on one of two instances', () => {
  let example: Protected;
  let here: ListeningServer;
  let there: ListeningServer;
  let flights: RunningService;
  const dir = tempDir();

  beforeAll(async () => {
    example = await startProtected();
    flights = await startFlights({ dataDir: dir.path });
    const settings = {
      ...example.settings,
      FLIGHTS_URL: flights.url,
      REDIS_URL: redisUrl,
      SESSION_SECRET: 'a secret of at least thirty-two characters',
    };
    [here, there] = await Promise.all([
      listening(web, webAuth(), settings),
      listening(web, webAuth(), settings),
    ]);
  });
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
    await Promise.all([example.close(), flights.close()]);
    dir[Symbol.dispose]();
  });

  const logOut = (browser: Browser, server: ListeningServer) =>
    browser.send(`${server.origin}/auth/logout`, { method: 'POST', headers: csrf });

  /** A browser logged in at `here`, with a socket open at `there` that knows it; how the socket ends. */
  async function socketOf(account: string) {
    const browser = await loggedIn(here.origin, account);
    const session = await browser.send(`${here.origin}/auth/session`, { headers: csrf });
    const { csrf: values } = (await session.json()) as { csrf: { socket: string } };
    const socket = new WebSocket(there.url.replace('http', 'ws'), 'graphql-transport-ws', {
      headers: {
        cookie: `${sessionCookie}=${browser.cookies(here.origin)[sessionCookie]}`,
        origin: there.origin,
      },
    });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    const acknowledged = new Promise((resolve) => socket.once('message', resolve));
    const payload = { 'x-bff-csrf': values.socket };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await acknowledged;
    return { browser, socket, closed };
  }

  it('closes its WebSocket at the other within a second, and nobody else’s', async () => {
    const [ada, grace] = await Promise.all([socketOf('ada'), socketOf('grace')]);
    const endedAt = performance.now();
    await logOut(ada.browser, here);
    expect(await ada.closed).toBe(4401);
    expect(performance.now() - endedAt).toBeLessThan(1_000);
    expect(grace.socket.readyState).toBe(WebSocket.OPEN);
    grace.socket.terminate();
  });

  it('ends its event stream at the other within a second', async () => {
    const browser = await loggedIn(here.origin, 'amelia');
    const stream = await browser.send(there.url, {
      method: 'POST',
      headers: { ...csrf, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { departures(iata: "JFK") { id } }' }),
    });
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const readUntil = async (enough: () => boolean) => {
      while (!enough()) {
        const { done, value } = await reader.read();
        if (done) return 'ended';
        text += Buffer.from(value).toString();
      }
      return 'goes on';
    };
    expect(await readUntil(() => text.includes('"departures"'))).toBe('goes on');
    const endedAt = performance.now();
    await logOut(browser, here);
    expect(await readUntil(() => false)).toBe('ended');
    expect(performance.now() - endedAt).toBeLessThan(1_000);
  });
});

describe.runIf(hasRedis)('a Redis that went away and came back', () => {
  let door: RedisDoor;
  let far: SessionStore;
  let near: SessionStore;

  beforeAll(async () => {
    door = await redisDoor();
    far = redisSessionStore(new URL(redisUrl), listLogger([]));
    near = redisSessionStore(door.url, listLogger([]));
  });
  afterAll(async () => {
    await Promise.all([far.close(), near.close()]);
    await door.shut();
  });

  it('has every watched session looked at, and tells of the next that ends', async () => {
    const key = `tailorbird:test:${process.pid}`;
    const removed = vi.fn();
    const told = (times: number) =>
      vi.waitFor(() => expect(removed.mock.calls.length).toBeGreaterThanOrEqual(times), 5_000);
    near.watch?.(key, removed); // nothing answers yet, which fails nobody
    await door.open();
    await told(1);
    await vi.waitFor(() => far.set(key, 'x', 60_000), 5_000);
    await door.shut();
    const before = removed.mock.calls.length;
    await far.remove(key);
    await door.open();
    await told(before + 1);
    const again = removed.mock.calls.length;
    await vi.waitFor(async () => {
      await far.remove(key);
      expect(removed.mock.calls.length).toBeGreaterThan(again);
    }, 5_000);
  });
});
