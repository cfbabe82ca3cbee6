import { bearerAuth } from 'tailorbird';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { mobile } from '../../../bff-mobile/bff.ts';
import { web } from '../../../bff-web/bff.ts';
import { loginAsApp } from '../../support/app.ts';
import { listening, type ListeningServer, type Protected, startProtected } from './example.ts';
import { csrf, loggedIn, sessionCookie, upToCallback, webAuth } from './web.ts';
import { createBrowser } from '../../support/browser.ts';

/**
 * Pages of other origins, against both clients: who may ask, who may read the answer and who may
 * open a WebSocket are the same for every method, content type and header.
 */
const listed = 'https://app.example.com';
const publicUrl = 'https://tailorbird.example';

let example: Protected;
let webServer: ListeningServer;
let proxied: ListeningServer;
let mobileServer: ListeningServer;
let cookie: string;
let socketValue: string;
let bearer: string;

beforeAll(async () => {
  example = await startProtected();
  const settings = { ...example.settings, ALLOWED_ORIGINS: `https://other.example, ${listed}` };
  webServer = await listening(web, webAuth(), settings);
  proxied = await listening(web, webAuth(), { ...settings, PUBLIC_URL: publicUrl });
  mobileServer = await listening(
    mobile,
    bearerAuth({
      audience: 'urn:tailorbird:mobile',
      clientId: 'bff-mobile',
      developmentSecret: 'sandbox-mobile-secret',
    }),
    settings,
  );
  const browser = await loggedIn(webServer.origin, 'ada');
  cookie = `${sessionCookie}=${browser.cookies(webServer.origin)[sessionCookie]}`;
  const session = await browser.send(`${webServer.origin}/auth/session`, { headers: csrf });
  socketValue = ((await session.json()) as { csrf: { socket: string } }).csrf.socket;
  bearer = `Bearer ${(await loginAsApp(example.issuer, 'ada')).tokens.access_token}`;
});

afterAll(async () => {
  await Promise.all([webServer.close(), proxied.close(), mobileServer.close()]);
  await example.close();
});

type Headers = Readonly<Record<string, string>>;
type Whose = 'nobody’s' | 'own' | 'listed' | 'foreign';

const pages: readonly (readonly [name: string, whose: Whose, headers: (own: string) => Headers])[] =
  [
    ['no page', 'nobody’s', () => ({})],
    ['our own page', 'own', (own) => ({ origin: own, 'sec-fetch-site': 'same-origin' })],
    ['an old browser’s page of ours', 'own', (own) => ({ origin: own })],
    ['a listed page', 'listed', () => ({ origin: listed, 'sec-fetch-site': 'same-site' })],
    [
      'a listed page elsewhere',
      'listed',
      () => ({ origin: listed, 'sec-fetch-site': 'cross-site' }),
    ],
    ['a foreign page', 'foreign', () => ({ origin: 'https://evil.example' })],
    ['a page in a frame without an origin', 'foreign', () => ({ origin: 'null' })],
    ['a listed name, unencrypted', 'foreign', () => ({ origin: 'http://app.example.com' })],
    ['a listed name, at another port', 'foreign', () => ({ origin: `${listed}:8443` })],
    ['a name that starts like it', 'foreign', () => ({ origin: `${listed}.evil.example` })],
    ['a name that ends like it', 'foreign', () => ({ origin: 'https://evil-app.example.com' })],
  ];

const query = '{ me { name } }';
const body = JSON.stringify({ query });
const requests: readonly (readonly [method: string, contentType: string | null])[] = [
  ['GET', null],
  ['POST', 'application/json'],
  ['POST', 'application/json; charset=utf-8'],
  ['POST', 'text/plain'],
  ['POST', 'application/x-www-form-urlencoded'],
  ['POST', 'multipart/form-data; boundary=x'],
  ['POST', null],
  ['PUT', 'application/json'],
  ['DELETE', null],
  ['preflight', null],
];

interface Answer {
  readonly status: number;
  /** Whether the page that asked may read it. */
  readonly readable: boolean;
  readonly me?: unknown;
}

async function send(
  url: string,
  [method, contentType]: readonly [string, string | null],
  headers: Headers,
): Promise<Answer> {
  const response = await fetch(
    method === 'GET' ? `${url}?${new URLSearchParams({ query })}` : url,
    {
      method: method === 'preflight' ? 'OPTIONS' : method,
      headers: {
        ...headers,
        ...(contentType !== null && { 'content-type': contentType }),
        ...(method === 'preflight' && { 'access-control-request-method': 'POST' }),
      },
      // Bytes, to which fetch adds no content type of its own.
      ...(method === 'POST' || method === 'PUT' ? { body: Buffer.from(body) } : {}),
    },
  );
  const text = await response.text();
  const { data } = text === '' ? {} : (JSON.parse(text) as { data?: { me: unknown } });
  return {
    status: response.status,
    readable: response.headers.get('access-control-allow-origin') !== null,
    ...(data && { me: data.me }),
  };
}

/** What a request that may be made gets. */
function answerTo(
  [method, contentType]: readonly [string, string | null],
  me: unknown,
): Pick<Answer, 'status' | 'me'> {
  if (method === 'GET') return { status: 200, me };
  if (method !== 'POST') return { status: 405 };
  return contentType?.startsWith('application/json') ? { status: 200, me } : { status: 415 };
}

/** Whether GraphQL is asked so at all, which is looked at before who asks. */
const hasPlace = ([method]: readonly [string, string | null]) =>
  method === 'GET' || method === 'POST';

const ada = { name: 'Ada Lovelace' };

describe.each(pages)('the web BFF, asked by %s', (_page, whose, headersOf) => {
  const credentials: readonly (readonly [string, () => Headers, 'fine' | 'refused', unknown])[] = [
    ['no cookie', () => ({}), 'fine', null],
    ['no cookie and the header', () => csrf, 'fine', null],
    ['a cookie alone', () => ({ cookie }), 'refused', null],
    ['a cookie and the header', () => ({ cookie, ...csrf }), 'fine', ada],
  ];
  it.each(credentials)('with %s', async (_credential, headers, credential, me) => {
    for (const request of requests) {
      example.calls();
      const all = { ...headersOf(webServer.origin), ...headers() };
      const answer = await send(webServer.url, request, all);
      const readable = whose === 'listed';
      const expected =
        request[0] === 'preflight' && readable
          ? { status: 204 }
          : hasPlace(request) && (whose === 'foreign' || credential === 'refused')
            ? { status: 403 }
            : answerTo(request, me);
      expect([request, answer]).toEqual([request, { ...expected, readable }]);
      if (expected.status !== 200) expect(example.calls()).toEqual({});
    }
  });
});

describe.each(pages)('the mobile BFF, asked by %s', (_page, whose, headersOf) => {
  const credentials: readonly (readonly [string, () => Headers, unknown])[] = [
    ['no token', () => ({}), null],
    ['a cookie', () => ({ cookie, ...csrf }), null],
    ['a token', () => ({ authorization: bearer }), ada],
  ];
  it.each(credentials)('with %s', async (_credential, headers, me) => {
    for (const request of requests) {
      const all = { ...headersOf(mobileServer.origin), ...headers() };
      const answer = await send(mobileServer.url, request, all);
      // Apps are no pages: nobody's are listed.
      const own = whose === 'own' || whose === 'nobody’s';
      const expected = own || !hasPlace(request) ? answerTo(request, me) : { status: 403 };
      expect([request, answer]).toEqual([request, { ...expected, readable: false }]);
    }
  });
});

describe('a WebSocket', () => {
  /** What it sees of `me`, or how it was refused: with a status, or with a code once it was open. */
  async function over(server: ListeningServer, headers: Headers, payload: object) {
    const url = server.url.replace('http', 'ws');
    const socket = new WebSocket(url, 'graphql-transport-ws', { headers });
    try {
      return await new Promise((resolve) => {
        socket.on('error', () => {});
        socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
        socket.on('close', resolve);
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
        socket.on('message', (data) => {
          const message = JSON.parse(String(data)) as { type: string; payload?: unknown };
          if (message.type === 'connection_ack') {
            socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
          } else resolve(message.payload);
        });
      });
    } finally {
      socket.terminate();
    }
  }

  it.each(pages)('of the web BFF, opened by %s', async (_page, whose, headersOf) => {
    const headers = { ...headersOf(webServer.origin), cookie };
    const seen = await over(webServer, headers, { 'x-bff-csrf': socketValue });
    const expected = { own: { data: { me: ada } }, listed: { data: { me: ada } } };
    // With a cookie, and without a page to answer for it, it is refused as well.
    const otherwise = whose === 'foreign' ? 403 : 4403;
    expect(seen).toEqual(expected[whose as keyof typeof expected] ?? otherwise);
    if (whose === 'listed') expect(await over(webServer, headers, {})).toBe(4403);
  });

  it.each(pages)('of the mobile BFF, opened by %s', async (_page, whose, headersOf) => {
    const headers = headersOf(mobileServer.origin);
    const seen = await over(mobileServer, headers, { authorization: bearer });
    const own = whose === 'own' || whose === 'nobody’s';
    expect(seen).toEqual(own ? { data: { me: ada } } : 403);
  });

  it('is opened by our own page behind a proxy that asks by another name', async () => {
    expect(await over(proxied, { origin: publicUrl }, {})).toEqual({ data: { me: null } });
    expect(await over(proxied, { origin: 'https://evil.example' }, {})).toBe(403);
  });
});

it('is asked over HTTP by our own page behind a proxy that asks by another name', async () => {
  const json = ['POST', 'application/json'] as const;
  const own = { origin: publicUrl, 'sec-fetch-site': 'same-origin' };
  expect(await send(proxied.url, json, own)).toEqual({ status: 200, readable: false, me: null });
});

describe('a listed page', () => {
  it('sends people to log in, and has them back', async () => {
    const browser = createBrowser();
    const page = `${listed}/flights?from=JFK#top`;
    const { url } = await upToCallback(browser, webServer.origin, 'grace', page);
    expect(await (await browser.send(url)).text()).toContain(`content="0;url=${page}"`);
    const asking = { headers: { ...csrf, origin: listed, 'sec-fetch-site': 'same-site' } };
    const session = await browser.send(`${webServer.origin}/auth/session`, asking);
    expect(session.headers.get('access-control-allow-origin')).toBe(listed);
    expect(session.headers.get('access-control-allow-credentials')).toBe('true');
    expect(await session.json()).toMatchObject({ viewer: { subject: 'grace' } });
    const logout = { method: 'POST', ...asking };
    expect((await browser.send(`${webServer.origin}/auth/logout`, logout)).status).toBe(200);
    expect(browser.cookies(webServer.origin)[sessionCookie]).toBeUndefined();
  });

  it.each([
    'https://evil.example/',
    `${listed}.evil.example/`,
    'https://app.example.com:8443/',
    'http://app.example.com/',
    'javascript:alert(1)//https://app.example.com',
  ])('is the only other place to come back to, not %s', async (returnTo) => {
    const query = new URLSearchParams({ returnTo });
    expect((await fetch(`${webServer.origin}/auth/login?${query}`)).status).toBe(400);
  });
});
