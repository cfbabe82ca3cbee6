import { request as nodeRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer();
let url = '';
beforeAll(async () => {
  ({ url } = await server.listen());
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json' };
const ask = (init: RequestInit, path = '') => fetch(url + path, init);
const post = (body: unknown, headers: Record<string, string> = {}) =>
  ask({
    method: 'POST',
    headers: { ...json, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const query = (source: string) => `?query=${encodeURIComponent(source)}`;

/** Sends bytes as they are and reads what comes until the connection ends. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer));
    // Who goes on writing is cut, after the answer.
    socket.on('error', (error) => (answer === '' ? reject(error) : undefined));
  });
}

describe('methods', () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
    test(`${method} is 405 and says what is allowed`, async () => {
      const answer = await ask({ method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, POST');
    });
  }

  test('a mutation over GET is 405, whatever the operation is called, and does not run', async () => {
    const source = 'query Q { hello } mutation M { write(text: "x") }';
    for (const path of [
      query('mutation { write(text: "x") }'),
      `${query(source)}&operationName=M`,
    ]) {
      const answer = await ask({ headers: { accept: 'application/json' } }, path);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('POST');
      expect(await answer.json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      });
    }
    expect(server.seen.written).toBe(0);
  });

  test.each(['application/json', 'application/graphql-response+json'])(
    'GET as %s is answered as POST is, to the byte',
    async (accept) => {
      const source = '{ hello again: hello }';
      const posted = await post({ query: source }, { accept });
      const got = await ask({ headers: { accept } }, query(source));
      expect(got.status).toBe(200);
      expect(await got.text()).toBe(await posted.text());
      for (const name of ['content-type', 'content-length', 'cache-control', 'vary']) {
        expect(got.headers.get(name), name).toBe(posted.headers.get(name));
      }
    },
  );

  test('another path is 404', async () => {
    expect((await fetch(new URL('/other', url))).status).toBe(404);
    expect((await fetch(new URL('/graphql/other', url))).status).toBe(404);
  });
});

describe('content types', () => {
  const body = JSON.stringify({ query: '{ hello }' });
  for (const type of [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/graphql',
    'application/json; charset=latin1',
    'application/jsonx',
  ]) {
    test(`${type} is 415`, async () => {
      const answer = await ask({ method: 'POST', headers: { 'content-type': type }, body });
      expect(answer.status).toBe(415);
      expect(await answer.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
    });
  }

  test('a compressed body is 415', async () => {
    expect((await post({ query: '{ hello }' }, { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  test('an Accept header that takes nothing we have is 406, before anything runs', async () => {
    const answer = await post({ query: 'mutation { write(text: "x") }' }, { accept: 'image/png' });
    expect(answer.status).toBe(406);
    expect(server.seen.written).toBe(0);
  });

  test('a subscription whose client takes only JSON is 406 with a hint', async () => {
    const answer = await post({ query: 'subscription { ticks }' }, { accept: 'application/json' });
    expect(answer.status).toBe(406);
    expect(await answer.json()).toMatchObject({
      errors: [{ message: expect.stringContaining('text/event-stream') }],
    });
  });

  test.each([
    [
      'application/json;q=0.5, application/graphql-response+json',
      'application/graphql-response+json',
    ],
    ['application/graphql-response+json;q=0.5, application/json', 'application/json'],
    ['multipart/mixed;deferSpec=20220824, application/json;q=0.9', 'application/json'],
    ['application/*', 'application/json'],
  ])('Accept %s is answered as %s', async (accept, type) => {
    const answer = await post({ query: '{ hello }' }, { accept });
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
  });

  test('no origin is let in', async () => {
    const answer = await post({ query: '{ hello }' }, { origin: 'https://evil.example' });
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    );
  });
});

describe('bodies', () => {
  test.each([
    ['', 'The request body is empty; send {"query": "…"} as JSON.'],
    ['{"query": ', 'The request body is not valid JSON.'],
    ['[{"query":"{ hello }"}]', 'The request body is a list; send one operation a request.'],
    ['"text"', 'The request body must be a JSON object, but is a string.'],
    ['null', 'The request body must be a JSON object, but is null.'],
    ['{"qeury":"{ hello }"}', 'The parameter "query" is missing.'],
    ['{"query":7}', 'The parameter "query" must be a string, but is a number.'],
    [
      '{"query":"{ hello }","variables":[1]}',
      'The parameter "variables" must be an object, but is a list.',
    ],
  ])('%s is 400: %s', async (body, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      errors: [
        {
          message,
          extensions: {
            code: 'BAD_USER_INPUT',
            requestId: answer.headers.get('x-request-id'),
            retryable: false,
          },
        },
      ],
    });
  });

  test('bytes that are no UTF-8 are 400', async () => {
    const answer = await ask({ method: 'POST', headers: json, body: new Uint8Array([0x22, 0xff]) });
    expect(answer.status).toBe(400);
  });

  test('malformed variables in a URL are 400', async () => {
    const answer = await ask({}, `${query('{ hello }')}&variables={`);
    expect(answer.status).toBe(400);
  });

  /** 20,000 bytes in as many chunks. */
  const crumbs = (accept: string) =>
    raw(
      [
        'POST /graphql HTTP/1.1',
        `host: ${new URL(url).host}`,
        'content-type: application/json',
        `accept: ${accept}`,
        'transfer-encoding: chunked',
        '',
        '1\r\nx\r\n'.repeat(20_000),
      ].join('\r\n'),
    );

  test('a body in chunks of a few bytes is refused before it costs much', async () => {
    const answer = await crumbs('application/json');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('The request body comes in too many chunks of a few bytes.');
  });

  test('and cut where it is no JSON that is asked for', async () => {
    await expect(crumbs('text/event-stream')).rejects.toThrow('ECONNRESET');
  });

  test('a body over 256 KiB is 413, announced or not', async () => {
    const large = JSON.stringify({ query: `{ hello } #${'x'.repeat(256 * 1024)}` });
    expect((await post(large)).status).toBe(413);
    const status = await new Promise((resolve, reject) => {
      const request = nodeRequest(url, { method: 'POST', headers: json }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject);
      request.write(large.slice(0, 100_000));
      request.end(large.slice(100_000));
    });
    expect(status).toBe(413);
  });

  test('a URL over 8 KiB is 414', async () => {
    expect((await ask({}, `${query('{ hello }')}&x=${'x'.repeat(8 * 1024)}`)).status).toBe(414);
  });

  test('headers over 16 KiB are 431', async () => {
    expect((await post({ query: '{ hello }' }, { 'x-big': 'x'.repeat(17_000) })).status).toBe(431);
    expect((await post({ query: '{ hello }' }, { 'x-big': 'x'.repeat(30_000) })).status).toBe(431);
  });
});

describe('hostile requests', () => {
  test.each([
    'GET /graphql HTTP/1.1\r\nHost: [\r\n\r\n',
    'GET /graphql HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET http://evil.example/graphql HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'nonsense\r\n\r\n',
  ])('%j is 400 and tells nothing', async (text) => {
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(/ at |node_modules/);
  });

  test('the server still answers', async () => {
    expect(await (await post({ query: '{ hello }' })).json()).toEqual({
      data: { hello: 'hello world' },
    });
  });
});

describe('identity', () => {
  test('a valid request id is kept, in header, context and error', async () => {
    const answer = await post(
      { query: '{ requestId fails(how: DOWN) }' },
      { 'x-request-id': 'abc-123' },
    );
    expect(answer.headers.get('x-request-id')).toBe('abc-123');
    expect(await answer.json()).toMatchObject({
      data: { requestId: 'abc-123' },
      errors: [{ extensions: { requestId: 'abc-123' } }],
    });
  });

  test('any other is replaced', async () => {
    for (const id of ['a b', 'x'.repeat(129), '"><script>']) {
      const answer = await post({ query: '{ requestId }' }, { 'x-request-id': id });
      expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    }
  });

  test('the viewer is what the server was given for this request', async () => {
    const own = stubServer({
      viewer: (request) => {
        const subject = request.headers.get('x-test-viewer');
        return subject === null ? null : { subject, scopes: [] };
      },
    });
    const viewers = ['ada', 'bo', 'ada', 'cy'];
    const answers = await Promise.all(
      viewers.map(async (viewer) =>
        (await own.post({ query: '{ viewer }' }, { 'x-test-viewer': viewer })).json(),
      ),
    );
    expect(answers).toEqual(viewers.map((viewer) => ({ data: { viewer } })));
    expect(await (await own.post({ query: '{ viewer }' })).json()).toEqual({
      data: { viewer: null },
    });
  });

  test('a viewer that cannot be read is our failure, and says nothing', async () => {
    const own = stubServer({
      environment: 'production',
      viewer: () => Promise.reject(new Error('session store at 10.0.0.9:6379 is down')),
    });
    const answer = await own.post({ query: '{ hello }' });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      errors: [{ message: 'Something went wrong on our side.' }],
    });
  });
});

describe('the explorer', () => {
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  test('is not there in production', async () => {
    const own = stubServer({ environment: 'production' });
    const page = await own.fetch(new Request('http://stub.invalid/graphql', { headers: html }));
    expect(page.status).toBe(400);
    const asset = new Request('http://stub.invalid/graphql/assets/index.js');
    expect((await own.fetch(asset)).status).toBe(404);
  });

  test('serves its page under a strict policy, and its files for a year', async () => {
    const page = await ask({ headers: html });
    const text = await page.text();
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const asset = /\/graphql\/assets\/[\w.-]+\.js/.exec(text)?.[0] ?? '';
    const file = await fetch(new URL(asset, url));
    expect(file.status).toBe(200);
    expect(file.headers.get('cache-control')).toContain('immutable');
  });

  test('gives no other file', async () => {
    for (const path of ['..%2findex.html', '%2e%2e/index.html', 'nothing.js', '../../limits.ts']) {
      const answer = await raw(
        `GET /graphql/assets/${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    }
  });
});
