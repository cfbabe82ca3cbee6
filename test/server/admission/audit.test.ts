import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { registeredOperations } from '../../../src/server/admission/registered-operations.ts';
import { type StubServer, stubServer } from '../../support/stub-server.ts';

/**
 * The checks of common GraphQL auditors, against a server in production: as it is by default, and
 * with registered operations switched off, so that what stands behind them is seen too.
 */
const registered = registeredOperations([{ file: 'x', operations: { a: '{ __typename }' } }]);
const common = {
  environment: 'production',
  registered,
  rateLimit: true,
  drain: { acceptMs: 0 },
} as const;

const repeat = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join(' ');

describe.each([
  ['as it is by default', { ...common, persistedOnly: true }],
  ['with any operation let in', { ...common, persistedOnly: false }],
] as const)('an auditor of production, %s', (_, options) => {
  let server: StubServer;
  let url = '';
  beforeAll(async () => {
    server = stubServer(options);
    url = (await server.listen()).url.replace('localhost', '127.0.0.1');
  });
  afterAll(() => server.close());

  const ask = async (init: RequestInit, path = '') => {
    const answer = await fetch(url + path, init);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  test.each([
    ['101 aliases', `query cop { ${repeat(101, (i) => `alias${i}: __typename`)} }`],
    ['500 fields alike', `query cop { ${repeat(500, () => '__typename')} }`],
    ['ten directives of no use', `query cop { __typename ${repeat(11, (i) => `@aa${i}`)} }`],
    ['ten directives of use', `query cop { __typename ${repeat(11, () => '@skip(if: false)')} }`],
    [
      'circular introspection',
      'query cop { __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
    ],
    ['introspection', 'query cop { __schema { types { name fields { name } } } }'],
    ['introspection of a type', '{ __type(name: "Query") { fields { name } } }'],
    [
      'introspection in a fragment',
      '{ ...F } fragment F on Query { x: __schema { types { name } } }',
    ],
  ])('finds no %s', async (_name, query) => {
    const { text } = await post({ query, operationName: null });
    const { errors, ...rest } = JSON.parse(text) as { errors: object[] };
    expect([errors.length, rest]).toEqual([1, {}]);
  });

  test('finds no batches', async () => {
    const batch = Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' }));
    const { status, text } = await post(batch);
    expect(status).toBe(400);
    expect(text).not.toContain('"data"');
  });

  test('finds no suggestions of fields, arguments, types or values', async () => {
    for (const query of [
      'query cop { __typename helo }',
      '{ hello(nam: "x") }',
      '{ hello ... on Qurey { hello } }',
      '{ fails(how: TIMEOT) }',
      'query ($how: Hwo!) { fails(how: $how) }',
    ]) {
      expect((await post({ query })).text).not.toMatch(/did you mean|"hello"|TIMEOUT|"Node"/i);
    }
  });

  test('finds no GraphiQL, whatever it accepts', async () => {
    for (const path of ['', '/', '/assets/index.js', '?query={__typename}']) {
      const { text } = await ask({ headers: { accept: 'text/html' } }, path);
      expect(text).not.toMatch(/graphiql|playground|<html/i);
    }
  });

  test('finds no queries and no mutations over GET', async () => {
    for (const query of ['query cop{__typename}', 'mutation cop{__typename}', '{hello}']) {
      const answer = await ask({}, `?query=${encodeURIComponent(query)}`);
      expect(answer.text).not.toContain('"data"');
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });

  test('finds no content type that a form can send', async () => {
    const sent: [string, string][] = [
      ['application/x-www-form-urlencoded', 'query=query%20cop%20%7B__typename%7D'],
      ['text/plain', '{"query":"{ __typename }"}'],
      ['multipart/form-data; boundary=x', '--x\r\n\r\n{"query":"{ __typename }"}\r\n--x--'],
      ['application/graphql', '{ __typename }'],
      ['', '{"query":"{ __typename }"}'],
    ];
    for (const [type, body] of sent) {
      const { status, text } = await post(body, { 'content-type': type });
      expect([type, status]).toEqual([type, 415]);
      expect(text).not.toContain('"data"');
    }
  });

  test('finds no tracing, debugging or stack', async () => {
    const asking: Record<string, string>[] = [
      {},
      { 'x-apollo-tracing': '1', 'apollo-federation-include-trace': 'ftv1' },
    ];
    for (const headers of asking) {
      for (const query of [
        'query cop { __typename }',
        '{ fails(how: BUG) }',
        'qwerty cop { abc }',
      ]) {
        const { text } = await post({ query }, headers);
        expect(text).not.toMatch(/tracing|ftv1|exception|stack|\.ts:|node_modules|10\.0\.0/i);
      }
    }
  });

  test('finds every answer typed, unkept and unframed', async () => {
    const answers = [
      await post({ query: '{ __typename }' }),
      await post({ documentId: 'a' }),
      await post({ documentId: 'a' }, { accept: 'multipart/mixed' }),
      await post({ documentId: 'a' }, { accept: 'text/event-stream' }),
      await post('{'),
      await post('x', { 'content-type': 'text/plain' }),
      await ask({}, '?documentId=b'),
      await ask({ method: 'PUT' }),
      await ask({}, '/other'),
    ];
    for (const { headers } of answers) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cache-control': expect.stringMatching(/no-store|private/),
        'content-type': expect.stringMatching(/^(application|text|multipart)\//),
      });
      expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('pages of other origins', () => {
  const friend = 'https://app.example.com';
  const server = stubServer({ origins: [friend] });
  const closed = stubServer();
  const urls = { listed: '', none: '' };
  beforeAll(async () => {
    urls.listed = (await server.listen()).url;
    urls.none = (await closed.listen()).url;
  });
  afterAll(() => Promise.all([server.close(), closed.close()]));

  const asked: readonly [string, (url: string, origin: string) => Promise<Response>][] = [
    ['POST', (url, origin) => post(url, origin)],
    ['POST, the long way', (url, origin) => post(`${url}?long`, origin)],
    ['GET', (url, origin) => fetch(`${url}?query={hello}`, { headers: { origin } })],
    [
      'events',
      (url, origin) =>
        fetch(`${url}?query={hello}`, { headers: { origin, accept: 'text/event-stream' } }),
    ],
    ['a preflight', (url, origin) => preflight(url, origin)],
  ];
  const post = (url: string, origin: string) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: '{"query":"{ hello }"}',
    });
  const preflight = (url: string, origin: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, x-bff-csrf',
      },
    });
  const allowed = ({ headers }: Response) => [
    headers.get('access-control-allow-origin'),
    headers.get('access-control-allow-credentials'),
  ];

  test.each(asked)('over %s may read only where they are listed', async (_, send) => {
    const listed = await send(urls.listed, friend);
    expect(allowed(listed)).toEqual([friend, 'true']);
    expect(listed.headers.get('vary')?.toLowerCase()).toContain('origin');
    for (const origin of [
      'https://evil.example',
      'https://app.example.com.evil.example',
      'http://app.example.com',
      'https://app.example.com:8443',
      'null',
    ]) {
      expect(allowed(await send(urls.listed, origin))).toEqual([null, null]);
      expect(allowed(await send(urls.none, origin))).toEqual([null, null]);
    }
    expect(allowed(await send(urls.none, friend))).toEqual([null, null]);
  });

  test('get a preflight answered only where they are listed', async () => {
    const answer = await preflight(urls.listed, friend);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-bff-csrf');
    expect((await preflight(urls.listed, 'https://evil.example')).status).toBe(405);
    expect((await preflight(urls.none, friend)).status).toBe(405);
  });

  test.each([
    ['listed', friend, 101],
    ['listed', 'https://evil.example', 403],
    ['none', friend, 403],
  ] as const)('open a WebSocket where they are listed: %s, %s', async (which, origin, status) => {
    const socket = new WebSocket(urls[which].replace('http', 'ws'), 'graphql-transport-ws', {
      origin,
    });
    const got = await new Promise((resolve) => {
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
      socket.on('error', () => {});
    });
    expect(got).toBe(status);
    socket.terminate();
  });
});
