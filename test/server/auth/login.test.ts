import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { web } from '../../../bff-web/bff.ts';
import { createBrowser } from '../../support/browser.ts';
import { ask, listening, type ListeningServer, type Protected, startProtected } from './example.ts';
import { csrf, loggedIn, loginCookie, sessionCookie, upToCallback, webAuth } from './web.ts';

let example: Protected;
let server: ListeningServer;

beforeAll(async () => {
  example = await startProtected();
  server = await listening(web, webAuth(), example.settings);
});

afterAll(async () => {
  await server.close();
  await example.close();
});

const me = '{ me { name bookings(first: 1) { nodes { seat } } } }';
const nobody = { status: 200, data: { me: null } };

describe('a login', () => {
  it('ends with a session that sees its traveller, and with no token in the browser', async () => {
    const browser = await loggedIn(server.origin, 'grace');
    expect(await ask(server.url, me, csrf, browser.send)).toEqual({
      status: 200,
      data: { me: { name: 'Grace Hopper', bookings: { nodes: [{ seat: '15E' }] } } },
    });
    const response = await browser.send(`${server.origin}/auth/session`, { headers: csrf });
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      viewer: {
        subject: 'grace',
        name: 'Grace Hopper',
        scopes: ['travellers.read', 'travellers.write', 'bookings.read', 'bookings.write'],
      },
      csrf: { header: 'x-bff-csrf', value: '1', socket: expect.stringMatching(/^[\w-]{43}$/) },
      idleEndsAt: expect.any(String),
      endsAt: expect.any(String),
    });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/eyJ/);
    expect(JSON.stringify(browser.cookies(server.origin))).not.toMatch(/eyJ/);
  });

  it('sets its cookies with exactly these flags', async () => {
    const browser = createBrowser();
    const start = await browser.send(`${server.origin}/auth/login`);
    expect(start.status).toBe(303);
    expect(start.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tailorbird-login=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
      ),
    ]);
    const { url } = await upToCallback(browser, server.origin, 'ada');
    const done = await browser.send(url);
    expect(done.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tailorbird-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
      ),
      '__Host-tailorbird-login=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0',
    ]);
  });

  it('asks the provider with code, PKCE, state and nonce', async () => {
    const response = await createBrowser().send(`${server.origin}/auth/login`);
    const to = new URL(response.headers.get('location') ?? '');
    expect(to.origin).toBe(example.issuer);
    expect(Object.fromEntries(to.searchParams)).toEqual({
      client_id: 'bff-web',
      response_type: 'code',
      redirect_uri: `${server.origin}/auth/callback`,
      scope: 'openid profile travellers.read travellers.write bookings.read bookings.write',
      resource: 'urn:tailorbird:web',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('goes on to where it came from', async () => {
    const browser = createBrowser();
    const { url } = await upToCallback(browser, server.origin, 'ada', '/flights?day=1&x="><b>');
    const page = await (await browser.send(url)).text();
    expect(page).toContain('content="0;url=/flights?day=1&#38;x=%22%3E%3Cb%3E"');
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/a\r\nSet-Cookie: x=y',
    'javascript:alert(1)',
    'flights',
    `/${'x'.repeat(3_000)}`,
  ])('does not go on to %j', async (returnTo) => {
    const query = new URLSearchParams({ returnTo });
    const response = await createBrowser().send(`${server.origin}/auth/login?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe('the callback', () => {
  /** Everything that a callback needs, to be changed by a case. */
  async function atCallback(account = 'ada') {
    const browser = createBrowser();
    const { url } = await upToCallback(browser, server.origin, account);
    return { browser, url: new URL(url) };
  }

  async function refused(browser: ReturnType<typeof createBrowser>, url: URL): Promise<void> {
    const response = await browser.send(url.href);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Not logged in');
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/Max-Age=0$/)]);
    expect(browser.cookies(server.origin)).not.toHaveProperty(sessionCookie);
  }

  it.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['another code', (url: URL) => url.searchParams.set('code', 'x'.repeat(43))],
    ['no code', (url: URL) => url.searchParams.delete('code')],
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'http://evil.example')],
    ['no issuer', (url: URL) => url.searchParams.delete('iss')],
    ['an error', (url: URL) => url.searchParams.set('error', 'access_denied')],
  ])('refuses %s', async (_case, change) => {
    const { browser, url } = await atCallback();
    change(url);
    await refused(browser, url);
  });

  it('refuses a browser that did not start the login', async () => {
    const { url } = await atCallback();
    await refused(createBrowser(), url);
  });

  it.each([
    [
      'of another login: state, nonce and verifier do not fit',
      async () => {
        const { browser } = await atCallback('grace');
        return browser.cookies(server.origin)[loginCookie] ?? '';
      },
    ],
    ['that was tampered with', async (own: string) => `${own.slice(0, -2)}AA`],
    ['that is none', async () => 'x'],
  ])('refuses a login cookie %s', async (_case, cookie) => {
    const { browser, url } = await atCallback();
    const own = browser.cookies(server.origin)[loginCookie] ?? '';
    browser.setCookie(server.origin, loginCookie, await cookie(own));
    await refused(browser, url);
  });

  it('refuses another login’s verifier and nonce under its own state', async () => {
    const { browser, url } = await atCallback();
    const other = await atCallback('grace');
    other.url.searchParams.set('state', url.searchParams.get('state') ?? '');
    await refused(browser, other.url);
  });

  it('takes a code once, and a replay ends what the first gave', async () => {
    const { browser, url } = await atCallback();
    const cookie = browser.cookies(server.origin)[loginCookie] ?? '';
    expect((await browser.send(url.href)).status).toBe(200);
    const thief = createBrowser();
    thief.setCookie(server.origin, loginCookie, cookie);
    await refused(thief, url);
  });

  it('gives a new id, whatever the browser had, and forgets the old session', async () => {
    const planted = 'a'.repeat(43);
    const browser = createBrowser();
    browser.setCookie(server.origin, sessionCookie, planted);
    const first = await upToCallback(browser, server.origin, 'ada');
    await browser.send(first.url);
    const before = browser.cookies(server.origin)[sessionCookie] ?? '';
    expect(before).not.toBe(planted);

    const second = await upToCallback(browser, server.origin, 'ada');
    await browser.send(second.url);
    const after = browser.cookies(server.origin)[sessionCookie] ?? '';
    expect(after).not.toBe(before);
    const old = createBrowser();
    old.setCookie(server.origin, sessionCookie, before);
    expect(await ask(server.url, me, csrf, old.send)).toEqual(nobody);
    expect((await ask(server.url, me, csrf, browser.send)).data).not.toEqual(nobody.data);
  });
});

describe('a logout', () => {
  it('ends the session, clears the cookie and revokes at the provider', async () => {
    const browser = await loggedIn(server.origin, 'ada');
    const cookie = browser.cookies(server.origin)[sessionCookie] ?? '';
    example.calls();
    const response = await browser.send(`${server.origin}/auth/logout`, {
      method: 'POST',
      headers: csrf,
    });
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-tailorbird-session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0',
    ]);
    const { endSessionUrl } = (await response.json()) as { endSessionUrl: string };
    expect(endSessionUrl).toContain(`${example.issuer}/session/end?`);
    expect(endSessionUrl).not.toMatch(/eyJ/);
    expect(example.calls()).toMatchObject({ 'POST /token': 1 });

    const thief = createBrowser();
    thief.setCookie(server.origin, sessionCookie, cookie);
    expect(await ask(server.url, me, csrf, thief.send)).toEqual(nobody);
  });

  it('is not done by a link, nor by a form of another site', async () => {
    const browser = await loggedIn(server.origin, 'ada');
    const logout = `${server.origin}/auth/logout`;
    expect((await browser.send(logout, { headers: csrf })).status).toBe(405);
    expect((await browser.send(logout, { method: 'POST' })).status).toBe(403);
    const headers = { ...csrf, origin: 'https://evil.example' };
    expect((await browser.send(logout, { method: 'POST', headers })).status).toBe(403);
    expect((await ask(server.url, me, csrf, browser.send)).data).not.toEqual(nobody.data);
  });

  it('is no error when nobody is logged in', async () => {
    const response = await createBrowser().send(`${server.origin}/auth/logout`, { method: 'POST' });
    expect(response.status).toBe(200);
  });
});

it('tells who nobody is', async () => {
  const browser = createBrowser();
  browser.setCookie(server.origin, sessionCookie, 'b'.repeat(43));
  const response = await browser.send(`${server.origin}/auth/session`, { headers: csrf });
  expect(await response.json()).toEqual({ viewer: null });
  expect(browser.cookies(server.origin)).toEqual({});
});

it('logs no token, cookie or code', () => {
  const text = JSON.stringify(server.log);
  expect(text.length).toBeGreaterThan(100);
  expect(text).not.toMatch(/eyJ|__Host|code=|refresh/);
});
