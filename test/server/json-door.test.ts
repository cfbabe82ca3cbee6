import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer();
let url: string;
beforeAll(async () => {
  ({ url } = await server.listen());
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json' };
const body = (value: unknown) => JSON.stringify(value);
const accepts = [
  undefined,
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json;q=0.9',
  'multipart/mixed;deferSpec=20220824, application/json',
  'text/html',
];
const bodies: [string, string | Uint8Array][] = [
  ['a query', body({ query: '{ hello }' })],
  ['variables', body({ query: 'query($n: String){ hello(name: $n) }', variables: { n: 'Ada' } })],
  ...['x', 'é'].map((letter): [string, string] => [
    `a long answer of ${letter}`,
    body({
      query: 'query($n: String){ hello(name: $n) }',
      variables: { n: letter.repeat(20_000) },
    }),
  ]),
  [
    'a wrong variable',
    body({ query: 'query($n: String){ hello(name: $n) }', variables: { n: 1 } }),
  ],
  [
    'a chosen operation',
    body({ query: 'query A { a: hello } query B { b: hello }', operationName: 'B' }),
  ],
  ['no chosen operation', body({ query: 'query A { a: hello } query B { b: hello }' })],
  ['a syntax error', body({ query: '{ hello' })],
  ['an unknown field', body({ query: '{ helo }' })],
  ['too deep', body({ query: `{${'a{'.repeat(40)}b${'}'.repeat(40)}}` })],
  ['a subscription', body({ query: 'subscription { ticks(to: 1) }' })],
  ['no query', body({})],
  ['a query that is a number', body({ query: 7 })],
  ['a list', body([{ query: '{ hello }' }])],
  ['null', 'null'],
  ['nothing', ''],
  ['half of it', '{"query":'],
  ['not UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
  ['too much', body({ query: '{ hello }', variables: { pad: 'x'.repeat(300_000) } })],
];

async function told(response: Response) {
  const text = (await response.text()).replaceAll(/"requestId":"[^"]+"/g, '"requestId":"…"');
  return { status: response.status, type: response.headers.get('content-type'), text };
}

describe('the short way over a socket answers as the long way does', () => {
  for (const accept of accepts) {
    test.each(bodies)(`${accept ?? 'no Accept'}: %s`, async (_, sent) => {
      const headers = accept === undefined ? json : { ...json, accept };
      const request = { method: 'POST', headers, body: sent as BodyInit };
      // A client that fetches always names an Accept; the long way is asked without one.
      const [short, long] = await Promise.all([
        fetch(url, request).then(told),
        server.fetch(new Request('http://stub/graphql', request)).then(told),
      ]);
      expect(short).toEqual(long);
    });
  }
});

test('every answer carries the id that the client gave', async () => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...json, 'x-request-id': 'mine-1' },
    body: body({ query: '{ requestId }' }),
  });
  expect(response.headers.get('x-request-id')).toBe('mine-1');
  expect(await response.json()).toEqual({ data: { requestId: 'mine-1' } });
});

test('a client that leaves while it sends is forgotten', async () => {
  const controller = new AbortController();
  const sending = fetch(url, {
    method: 'POST',
    headers: json,
    signal: controller.signal,
    duplex: 'half',
    body: new ReadableStream({
      start: (stream) => {
        stream.enqueue(new TextEncoder().encode('{"query":'));
        setImmediate(() => controller.abort());
      },
    }),
  } as RequestInit);
  await expect(sending).rejects.toThrow();
  expect((await fetch(`${url}?query={hello}`)).status).toBe(200);
});
