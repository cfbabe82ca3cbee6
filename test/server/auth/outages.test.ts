import { bearerAuth } from 'tailorbird';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mobile } from '../../../bff-mobile/bff.ts';
import { web } from '../../../bff-web/bff.ts';
import { loginAsApp } from '../../support/app.ts';
import { createBrowser } from '../../support/browser.ts';
import {
  type Answer,
  ask,
  listening,
  type ListeningServer,
  type Protected,
  startProtected,
} from './example.ts';
import { hasRedis, redisDoor } from './redis.ts';
import { csrf, loggedIn, sessionCookie, webAuth } from './web.ts';

let example: Protected;
let server: ListeningServer | undefined;

beforeEach(async () => {
  example = await startProtected();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await example.close();
});

const mobileAuth = bearerAuth({
  audience: 'urn:tailorbird:mobile',
  clientId: 'bff-mobile',
  developmentSecret: 'sandbox-mobile-secret',
});

const me = '{ me { name } }';
const ada = { status: 200, data: { me: { name: 'Ada Lovelace' } } };
const heals = { timeout: 10_000, interval: 100 };
const withinMs = 5_000;

async function inTime<T>(asked: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const answer = await asked;
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
  return answer;
}

const unavailable = (answer: Answer) => ({
  code: answer.errors?.[0]?.extensions.code,
  backend: answer.errors?.[0]?.extensions.backend,
});

describe('with the provider down at boot', () => {
  it('mobile answers those without a token, says what is missing to the others, and heals', async () => {
    const { tokens } = await loginAsApp(example.issuer, 'ada');
    const authorization = `Bearer ${tokens.access_token}`;
    await example.stopIdentity();
    server = await listening(mobile, mobileAuth, example.settings);
    const { url } = server;
    expect(await inTime(ask(url, me))).toEqual({ status: 200, data: { me: null } });
    const refused = await inTime(ask(url, me, { authorization }));
    expect(refused.status).toBe(503);
    expect(unavailable(refused)).toEqual({ code: 'UPSTREAM_UNAVAILABLE', backend: 'identity' });
    expect(JSON.stringify(refused)).not.toContain('127.0.0.1');
    await example.startIdentity();
    await expect.poll(() => ask(url, me, { authorization }), heals).toEqual(ada);
  });

  it('web answers visitors, can’t log in, and heals', async () => {
    await example.stopIdentity();
    server = await listening(web, webAuth(), example.settings);
    const { url, origin } = server;
    expect(await inTime(ask(url, me))).toEqual({ status: 200, data: { me: null } });
    const login = await inTime(createBrowser().send(`${origin}/auth/login`));
    expect(login.status).toBe(503);
    expect(await login.text()).not.toContain('127.0.0.1');
    await example.startIdentity();
    await expect
      .poll(async () => (await createBrowser().send(`${origin}/auth/login`)).status, heals)
      .toBe(303);
    const browser = await loggedIn(origin, 'ada');
    expect(await ask(url, me, csrf, browser.send)).toEqual(ada);
  });
});

it('with the provider gone later, viewers stay known and a field says what is missing', async () => {
  server = await listening(web, webAuth(), example.settings);
  const { url, origin } = server;
  const browser = await loggedIn(origin, 'ada');
  await example.stopIdentity();
  const session = await browser.send(`${origin}/auth/session`, { headers: csrf });
  expect(await session.json()).toMatchObject({ viewer: { subject: 'ada' } });
  const answer = await inTime(ask(url, me, csrf, browser.send));
  expect(answer).toMatchObject({ status: 200, data: { me: null } });
  expect(unavailable(answer)).toEqual({ code: 'UPSTREAM_UNAVAILABLE', backend: 'identity' });
  await example.startIdentity();
  await expect.poll(() => ask(url, me, csrf, browser.send), heals).toEqual(ada);
});

describe.runIf(hasRedis)('with Redis', () => {
  it('down at boot, web answers visitors, says what is missing to sessions, and heals', async () => {
    const door = await redisDoor();
    const settings = { ...example.settings, REDIS_URL: door.url.href };
    server = await listening(web, webAuth(), settings);
    const { url, origin, log } = server;
    const headers = { ...csrf, cookie: `${sessionCookie}=${'a'.repeat(43)}` };
    expect(await inTime(ask(url, me))).toEqual({ status: 200, data: { me: null } });
    const refused = await inTime(ask(url, me, headers));
    expect(refused.status).toBe(503);
    expect(unavailable(refused)).toEqual({ code: 'UPSTREAM_UNAVAILABLE', backend: 'sessions' });
    await door.open();
    await expect
      .poll(() => ask(url, me, headers), heals)
      .toEqual({ status: 200, data: { me: null } });

    const browser = await loggedIn(origin, 'ada');
    expect(await ask(url, me, csrf, browser.send)).toEqual(ada);
    await door.shut();
    expect((await inTime(ask(url, me, csrf, browser.send))).status).toBe(503);
    await door.open();
    await expect.poll(() => ask(url, me, csrf, browser.send), heals).toEqual(ada);
    await server.close();
    server = undefined;
    await door.shut();
    expect(
      log.map(({ message }) => message).filter((message) => message.includes('session store')),
    ).toEqual([
      'the session store does not answer',
      'the session store answers again',
      'the session store does not answer',
      'the session store answers again',
    ]);
  });

  it('two instances know one session', async () => {
    const secret = 'a secret of at least thirty-two characters';
    const door = await redisDoor();
    await door.open();
    const settings = { ...example.settings, REDIS_URL: door.url.href, SESSION_SECRET: secret };
    server = await listening(web, webAuth(), settings);
    const second = await listening(web, webAuth(), settings);
    const browser = await loggedIn(server.origin, 'ada');
    expect(await ask(second.url, me, csrf, browser.send)).toEqual(ada);
    await browser.send(`${second.origin}/auth/logout`, { method: 'POST', headers: csrf });
    expect((await ask(server.url, me, csrf, browser.send)).data).toEqual({ me: null });
    await second.close();
    await server.close();
    server = undefined;
    await door.shut();
  });
});
