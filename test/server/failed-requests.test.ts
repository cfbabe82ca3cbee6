import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Auth } from '../../src/server/auth/auth.ts';
import type { LoadShedding } from '../../src/server/admission/load-shedding.ts';
import { probedBackend, type StubOptions, stubServer } from '../support/stub-server.ts';

const broken = (): never => {
  throw new Error('cannot read the secret of db.internal:5432');
};
/** Identity in which one thing breaks. */
const auth = (parts: Partial<Auth>): Auth => ({
  guard: () => null,
  routes: async () => null,
  viewer: async () => null,
  socketViewer: async () => null,
  watch: () => () => {},
  tokenFor: () => '',
  close: async () => {},
  ...parts,
});
const shedding = (parts: Partial<LoadShedding>): LoadShedding => ({
  refuses: () => false,
  takes: () => true,
  ended: () => {},
  turn: () => null,
  atOnce: Number.POSITIVE_INFINITY,
  close: () => {},
  ...parts,
});

async function listening(options: StubOptions) {
  const server = stubServer(options);
  const { url, adminUrl } = await server.listen();
  onTestFinished(() => server.close());
  return { url, adminUrl, log: server.log };
}

const json = { 'content-type': 'application/json', 'x-request-id': 'mine-1' };
const asked: Readonly<Record<string, (url: string) => Promise<Response>>> = {
  'a POST': (url) => fetch(url, { method: 'POST', headers: json, body: '{"query":"{ hello }"}' }),
  'a POST for parts': (url) =>
    fetch(url, {
      method: 'POST',
      headers: { ...json, accept: 'multipart/mixed, application/json' },
      body: '{"query":"{ hello ... @defer { count(from: 1) } }"}',
    }),
  'a GET': (url) => fetch(`${url}?query={hello}`, { headers: { 'x-request-id': 'mine-1' } }),
};
const breaking: readonly [string, StubOptions][] = [
  ['the guard', { auth: auth({ guard: broken }) }],
  ['the gate', { load: shedding({ refuses: broken }) }],
  ['the answer’s end', { load: shedding({ ended: broken }) }],
];

describe.each(breaking)('where %s breaks', (_, options) => {
  test.each(Object.entries(asked))('%s is 500 without a stack, and one line', async (_way, ask) => {
    const { url, log } = await listening(options);
    const answer = await ask(url);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(await answer.json()).toEqual({
      errors: [
        {
          message: 'Something went wrong on our side.',
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'mine-1', retryable: false },
        },
      ],
    });
    expect(log.filter(({ message }) => message !== 'operation')).toMatchObject([
      {
        level: 'error',
        message: 'request failed',
        fields: { bff: 'stub', requestId: 'mine-1', cause: expect.stringContaining('secret') },
      },
    ]);
  });
});

test('routes that break are 500 without a stack', async () => {
  const { url, log } = await listening({ auth: auth({ routes: async () => broken() }) });
  const answer = await fetch(new URL('/auth/session', url));
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
  expect(log).toMatchObject([{ level: 'error', message: 'request failed' }]);
});

test('an upgrade that breaks is cut, and the next one is not', async () => {
  let breaks = true;
  const load = shedding({ refuses: () => breaks && broken() });
  const { url, log } = await listening({ load });
  const upgrade = () =>
    new Promise<string>((resolve) => {
      const { hostname, port, host } = new URL(url);
      const socket = connect(Number(port), hostname, () =>
        socket.write(
          `GET /graphql HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
        ),
      );
      socket.once('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.on('error', () => {});
      socket.once('close', () => resolve(''));
    });
  expect(await upgrade()).toBe('');
  expect(log).toMatchObject([{ level: 'error', message: 'request failed' }]);
  breaks = false;
  expect(await upgrade()).toMatch(/^HTTP\/1\.1 101 /);
});

test('what breaks on the admin port is 500 there', async () => {
  const down = probedBackend('flights', broken);
  const { adminUrl, log } = await listening({ backends: new Map([['flights', down]]) });
  const answer = await fetch(`${adminUrl}/readyz`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
  expect(log).toMatchObject([{ level: 'error', message: 'request failed' }]);
  expect((await fetch(`${adminUrl}/livez`)).status).toBe(200);
});
