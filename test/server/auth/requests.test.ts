import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { web } from '../../../bff-web/bff.ts';
import type { Browser } from '../../support/browser.ts';
import { ask, listening, type ListeningServer, type Protected, startProtected } from './example.ts';
import { csrf, loggedIn, sessionCookie, webAuth } from './web.ts';

let example: Protected;
let server: ListeningServer;
let browser: Browser;
let cookie: string;

beforeAll(async () => {
  example = await startProtected({ accessTokenSeconds: 2 });
  server = await listening(web, webAuth(), example.settings);
  browser = await loggedIn(server.origin, 'ada');
  cookie = `${sessionCookie}=${browser.cookies(server.origin)[sessionCookie]}`;
});

afterAll(async () => {
  await server.close();
  await example.close();
});

const query = '{ me { name } }';
const ada = { name: 'Ada Lovelace' };

interface Seen {
  readonly status: number;
  readonly me?: unknown;
  readonly code?: string | undefined;
}

async function seenIn(response: Response): Promise<Seen> {
  const { data, errors } = (await response.json()) as {
    data?: { me: unknown };
    errors?: { extensions: { code: string } }[];
  };
  const code = errors?.[0]?.extensions.code;
  return code === undefined
    ? { status: response.status, me: data?.me }
    : { status: response.status, code };
}

type Send = (headers: Record<string, string>) => Promise<Seen>;
const transports: Record<string, Send> = {
  POST: async (headers) =>
    seenIn(
      await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      }),
    ),
  'POST for events': async (headers) => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    const code = /"code":"(\w+)"/.exec(text)?.[1];
    if (code !== undefined) return { status: response.status, code };
    return { status: response.status, me: text.includes('Ada') ? ada : null };
  },
  GET: async (headers) =>
    seenIn(await fetch(`${server.url}?${new URLSearchParams({ query })}`, { headers })),
};

const refused = { status: 403, code: 'FORBIDDEN' };
const own = () => server.origin;
const cases: readonly (readonly [string, () => Record<string, string>, Seen])[] = [
  ['nothing', () => ({}), { status: 200, me: null }],
  ['the header alone', () => csrf, { status: 200, me: null }],
  ['a cookie alone', () => ({ cookie }), refused],
  ['a cookie and another value', () => ({ cookie, 'x-bff-csrf': '0' }), refused],
  ['a cookie and an empty value', () => ({ cookie, 'x-bff-csrf': '' }), refused],
  ['a cookie and the header', () => ({ cookie, ...csrf }), { status: 200, me: ada }],
  ['our own origin', () => ({ cookie, ...csrf, origin: own() }), { status: 200, me: ada }],
  [
    'our own site',
    () => ({ cookie, ...csrf, 'sec-fetch-site': 'same-origin' }),
    { status: 200, me: ada },
  ],
  [
    'an address that was typed',
    () => ({ cookie, ...csrf, 'sec-fetch-site': 'none' }),
    { status: 200, me: ada },
  ],
  ['another origin', () => ({ cookie, ...csrf, origin: 'https://evil.example' }), refused],
  ['another port', () => ({ cookie, ...csrf, origin: 'http://127.0.0.1:1' }), refused],
  ['another scheme', () => ({ cookie, ...csrf, origin: own().replace('http', 'https') }), refused],
  ['an opaque origin', () => ({ cookie, ...csrf, origin: 'null' }), refused],
  [
    'an origin that starts like ours',
    () => ({ cookie, ...csrf, origin: `${own()}.evil.example` }),
    refused,
  ],
  ['another origin, and no cookie', () => ({ origin: 'https://evil.example' }), refused],
  ['another site', () => ({ cookie, ...csrf, 'sec-fetch-site': 'cross-site' }), refused],
  ['a sister site', () => ({ cookie, ...csrf, 'sec-fetch-site': 'same-site' }), refused],
  [
    'Authorization',
    () => ({ cookie, ...csrf, authorization: 'Bearer x' }),
    { status: 401, code: 'UNAUTHENTICATED' },
  ],
  [
    'Authorization alone',
    () => ({ authorization: 'Bearer x' }),
    { status: 401, code: 'UNAUTHENTICATED' },
  ],
  [
    'a made-up session',
    () => ({ cookie: `${sessionCookie}=${'z'.repeat(43)}`, ...csrf }),
    { status: 200, me: null },
  ],
  [
    'a cookie without its prefix',
    () => ({ cookie: cookie.replace('__Host-', ''), ...csrf }),
    { status: 200, me: null },
  ],
];

describe.each(Object.entries(transports))('%s', (_name, send) => {
  it.each(cases)('with %s', async (_case, headers, seen) => {
    expect(await send(headers())).toEqual(seen);
  });
});

it('keeps what it answers to GET out of caches', async () => {
  const address = `${server.url}?${new URLSearchParams({ query })}`;
  const response = await fetch(address, { headers: { cookie, ...csrf } });
  expect(response.headers.get('cache-control')).toBe('no-store');
});

describe('a page of another origin', () => {
  it.each(['OPTIONS', 'POST', 'GET'])('gets no CORS header for %s', async (method) => {
    const response = await fetch(server.url, {
      method,
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    const cors = [...response.headers.keys()].filter((name) => name.startsWith('access-control'));
    expect(cors).toEqual([]);
    expect(response.status).toBeGreaterThanOrEqual(400);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'sends nothing as %s',
    async (type) => {
      const headers = { cookie, ...csrf, 'content-type': type };
      const body = JSON.stringify({ query });
      const response = await fetch(server.url, { method: 'POST', headers, body });
      expect(response.status).toBe(415);
    },
  );
});

describe('a WebSocket', () => {
  const socketValue = async () => {
    const response = await browser.send(`${server.origin}/auth/session`, { headers: csrf });
    return ((await response.json()) as { csrf: { socket: string } }).csrf.socket;
  };

  /** What the socket sees of `me`, or the code that it was closed with. */
  function over(headers: Record<string, string>, payload: Record<string, unknown>) {
    class Socket extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers });
      }
    }
    const client = createClient({
      url: server.url.replace('http', 'ws'),
      webSocketImpl: Socket,
      connectionParams: payload,
      retryAttempts: 0,
    });
    return new Promise((resolve) => {
      client.subscribe<{ me: unknown }>(
        { query },
        {
          next: ({ data }) => resolve(data?.me),
          error: (error) => resolve((error as { code?: number }).code ?? 'refused'),
          complete: () => {},
        },
      );
    }).finally(() => client.dispose());
  }

  it('knows the session by its cookie, our origin and the session’s value', async () => {
    const value = await socketValue();
    expect(await over({ cookie, origin: own() }, { 'x-bff-csrf': value })).toEqual(ada);
    expect(await over({ origin: own() }, {})).toBeNull();
  });

  it.each([
    ['no value', () => ({ cookie, origin: own() }), {}, 4403],
    ['the header’s value', () => ({ cookie, origin: own() }), { 'x-bff-csrf': '1' }, 4403],
    [
      'another session’s value',
      () => ({ cookie, origin: own() }),
      { 'x-bff-csrf': 'z'.repeat(43) },
      4403,
    ],
    ['no origin', () => ({ cookie }), null, 4403],
    ['another origin', () => ({ cookie, origin: 'https://evil.example' }), null, 'refused'],
    ['another scheme', () => ({ cookie, origin: own().replace('http', 'https') }), null, 4403],
    ['Authorization', () => ({ authorization: 'Bearer x', origin: own() }), {}, 4401],
  ])('is refused with %s', async (_case, headers, payload, outcome) => {
    const given = payload ?? { 'x-bff-csrf': await socketValue() };
    const seen = await over(headers() as Record<string, string>, given);
    if (outcome === 'refused') expect(seen).not.toEqual(ada);
    else expect(seen).toBe(outcome);
  });

  it('is closed when its session ends', async () => {
    const other = await loggedIn(server.origin, 'grace');
    const session = await other.send(`${server.origin}/auth/session`, { headers: csrf });
    const value = ((await session.json()) as { csrf: { socket: string } }).csrf.socket;
    const headers = {
      cookie: `${sessionCookie}=${other.cookies(server.origin)[sessionCookie]}`,
      origin: own(),
    };
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', {
      headers,
    });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    const acknowledged = new Promise((resolve) => socket.once('message', resolve));
    socket.send(JSON.stringify({ type: 'connection_init', payload: { 'x-bff-csrf': value } }));
    await acknowledged;
    await other.send(`${server.origin}/auth/logout`, { method: 'POST', headers: csrf });
    expect(await closed).toBe(4401);
  });
});

it('renews a session once when 20 requests find its tokens expired', async () => {
  await ask(server.url, query, csrf, browser.send);
  await new Promise((resolve) => setTimeout(resolve, 2_000)); // the life of a token
  example.calls();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(server.url, query, csrf, browser.send)),
  );
  for (const answer of answers) expect(answer).toEqual({ status: 200, data: { me: ada } });
  expect(example.calls()).toMatchObject({
    'POST /token refresh_token': 1,
    'POST /token urn:ietf:params:oauth:grant-type:token-exchange': 1,
  });
});
