import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Auth } from '../../src/server/auth/auth.ts';
import { bearerGuard, sessionGuard } from '../../src/server/auth/session-guard.ts';
import { stubServer } from '../support/stub-server.ts';

const token = 'a token of at least thirty-two characters';
const origins = { has: () => false };
const ofNobody: Auth = {
  guard: (request) =>
    sessionGuard(request, { origin: null, origins }) ?? bearerGuard(request, origins),
  routes: async () => null,
  viewer: async () => null,
  socketViewer: async () => null,
  watch: () => () => {},
  tokenFor: () => '',
  close: async () => {},
};
const server = stubServer({ auth: ofNobody });
const staffed = stubServer({ environment: 'production', adminToken: token });
const ports = { public: 0, admin: 0 };
beforeAll(async () => {
  ports.public = Number(new URL((await server.listen()).url).port);
  ports.admin = Number(new URL((await staffed.listen()).adminUrl).port);
});
afterAll(() => Promise.all([server.close(), staffed.close()]));

/** Sends bytes as they are and reads the head of what comes. */
function headOf(text: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

const body = '{"query":"{ hello }"}';
const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
const multipart = '{"query":"{ hello ... @defer { count(from: 1) } }"}';
const requests: Readonly<Record<string, (host: string, target?: string) => string>> = {
  GET: (host, target = '/graphql?query={hello}') =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`,
  POST: (host, target = '/graphql') =>
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n${body}`,
  'POST of a page': (host, target = '/graphql') =>
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\n${headers}\r\n${body}`,
  'POST for parts': (host, target = '/graphql') =>
    `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: multipart/mixed\r\nContent-Type: application/json\r\nContent-Length: ${multipart.length}\r\n\r\n${multipart}`,
  upgrade: (host, target = '/graphql') =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
};

const noHosts = [
  'localhost:99999',
  '1.2.3.999',
  '256.1',
  '[::::]',
  '[1.2.3.4]',
  'a@b',
  'a/b',
  'a\\b',
  'a?b',
  'a#b',
  'a%00b',
  'localhost:',
  'localhost:-1',
  '[::1',
  '::1',
];

describe.each(Object.entries(requests))('%s', (way, request) => {
  test.each(noHosts)('to the host %s is 400, and tells nothing', async (host) => {
    for (const port of [ports.public, ports.admin]) {
      // Nothing on the admin port is a WebSocket: an upgrade is a request there.
      const answer = await headOf(request(host), port);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).not.toMatch(/ at |node_modules|file:/);
    }
  });

  test.each(['http://[', 'http://localhost/graphql', '*', 'graphql', '?query={hello}'])(
    'of the target %s is 400',
    async (target) => {
      expect(await headOf(request('localhost', target), ports.public)).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test.each(['//', '/\\', '//[', '//graphql', '/%', '/graphql%ff', '/?://@'])(
    'of the target %s is refused, and not as a broken one of ours',
    async (target) => {
      for (const port of [ports.public, ports.admin]) {
        expect(await headOf(request('localhost', target), port)).toMatch(/^HTTP\/1\.1 40[0145] /);
      }
    },
  );

  test.each([
    'localhost',
    'a_b.c-d:65535',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:4001',
    '[::ffff:102:304]',
  ])('to the host %s is answered', async (host) => {
    const answer = await headOf(request(host), ports.public);
    expect(answer).toMatch(way === 'upgrade' ? /^HTTP\/1\.1 101 / : /^HTTP\/1\.1 200 /);
  });
});

test('both still answer', async () => {
  expect(await headOf(requests['POST']?.('localhost') ?? '', ports.public)).toMatch(/ 200 OK/);
  expect(await headOf('GET /livez HTTP/1.0\r\n\r\n', ports.admin)).toMatch(/ 200 OK/);
});
