import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer();
let url = '';
beforeAll(async () => {
  ({ url } = await server.listen());
});
afterAll(() => server.close());

const open = { list: '[', object: '{"a":' } as const;
const close = { list: ']', object: '}' } as const;
/** `x` with so many lists or objects around it, as JSON. */
const nested = (kind: 'list' | 'object', depth: number) =>
  `${open[kind].repeat(depth)}1${close[kind].repeat(depth)}`;
const bodyWith = (name: string, value: string) => `{"query":"{ hello }","${name}":{"x":${value}}}`;

const kinds = ['list', 'object'] as const;
const cases = ['variables', 'extensions'].flatMap((name) =>
  kinds.flatMap((kind) => [100, 10_000].map((depth) => [name, kind, depth] as const)),
);

const transports: Readonly<Record<string, (body: string) => Promise<unknown>>> = {
  POST: (body) => answerTo(body, 'application/json'),
  'POST for events': (body) => answerTo(body, 'text/event-stream'),
  async GET(body) {
    const name = body.includes('"variables"') ? 'variables' : 'extensions';
    const parameters = { query: '{ hello }', [name]: body.slice(body.indexOf('{"x"'), -1) };
    const response = await fetch(`${url}?${new URLSearchParams(parameters)}`);
    return { status: response.status, body: await response.text() };
  },
};

async function answerTo(body: string, accept: string) {
  const headers = { 'content-type': 'application/json', accept };
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: await response.text() };
}

describe.each(Object.entries(transports))('over %s', (transport, send) => {
  // Deeper ones are too long for a URL.
  const fitting = cases.filter(([, , depth]) => transport !== 'GET' || depth === 100);
  test.each(fitting)('%s with a %s %d deep are a clean 400', async (name, kind, depth) => {
    const answer = await send(bodyWith(name, nested(kind, depth)));
    expect(answer).toEqual({ status: 400, body: expect.stringContaining('"BAD_USER_INPUT"') });
  });
});

test('what is 99 deep is looked at', async () => {
  const answer = await answerTo(bodyWith('extensions', nested('list', 99)), 'application/json');
  expect(answer).toEqual({ status: 200, body: '{"data":{"hello":"hello world"}}' });
});

describe('over a WebSocket', () => {
  test.each(cases)(
    '%s with a %s %d deep are an error of their operation',
    async (name, kind, depth) => {
      const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
      const next = () =>
        new Promise<{ type: string; payload?: unknown }>((resolve, reject) => {
          socket.once('message', (data) => resolve(JSON.parse(String(data))));
          socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
        });
      await new Promise((resolve) => socket.once('open', resolve));
      socket.send('{"type":"connection_init"}');
      await next();
      const payload = bodyWith(name, nested(kind, depth));
      socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
      expect(await next()).toMatchObject({
        type: 'error',
        payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      });
      socket.send('{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}');
      expect(await next()).toMatchObject({
        type: 'next',
        payload: { data: { hello: 'hello world' } },
      });
      socket.terminate();
    },
  );
});
