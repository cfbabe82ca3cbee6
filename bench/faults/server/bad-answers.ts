import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

type Answer = (response: ServerResponse) => void;

const json = { 'content-type': 'application/json' };
const ok =
  (body: string | Buffer, headers: Record<string, string> = json): Answer =>
  (response) =>
    void response.writeHead(200, headers).end(body);
const raw =
  (text: string): Answer =>
  ({ socket }) =>
    void socket?.end(text);

/** What only a backend may know; none of it may be in an answer. */
export const secretOfBackend = 'db-7.internal.example';

const stack = `Error: no connection to ${secretOfBackend}:5432\n    at query (/srv/app/db.js:10:4)`;

/** Ways to answer badly, by name. */
export const badAnswers: Readonly<Record<string, Answer>> = {
  'not-json': ok('value: 1'),
  html: ok(`<html><pre>${stack}</pre></html>`, { 'content-type': 'text/html' }),
  'html-as-json': ok(`<html><pre>${stack}</pre></html>`),
  truncated: ok('{"value":"a'),
  empty: ok(''),
  null: ok('null'),
  number: ok('7'),
  list: ok('[{"value":"a"}]'),
  'wrong-type': ok('{"value":{"deep":["a"]}}'),
  proto: ok('{"__proto__":{"value":"polluted"},"constructor":{"prototype":{"value":"polluted"}}}'),
  deep: ok('['.repeat(200_000)),
  'bad-utf8': ok(Buffer.from([0x7b, 0x22, 0x76, 0xff, 0xfe, 0xc0, 0x22, 0x7d])),
  large: ok(`{"value":"${'x'.repeat(9 * 1024 * 1024)}"}`),
  bomb: ok(gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)), { ...json, 'content-encoding': 'gzip' }),
  'not-gzip': ok('{"value":"a"}', { ...json, 'content-encoding': 'gzip' }),
  'strange-coding': ok('{"value":"a"}', { ...json, 'content-encoding': 'rot13' }),
  'status-500': (response) => void response.writeHead(500, json).end(JSON.stringify({ stack })),
  'status-400': (response) => void response.writeHead(400, json).end(JSON.stringify({ stack })),
  'status-401': (response) =>
    void response.writeHead(401, { 'www-authenticate': `Basic realm="${secretOfBackend}"` }).end(),
  'status-204': (response) => void response.writeHead(204).end(),
  'status-999': raw('HTTP/1.1 999 Nothing\r\nContent-Length: 0\r\n\r\n'),
  'retry-for-ever': (response) =>
    void response.writeHead(429, { 'retry-after': '99999999999999999999' }).end(),
  redirect: (response) =>
    void response.writeHead(302, { location: `http://${secretOfBackend}/` }).end(),
  'redirect-to-file': (response) =>
    void response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
  cookies: ok('{"value":"a"}', {
    ...json,
    'set-cookie': `session=1; Domain=${secretOfBackend}`,
    'x-powered-by': secretOfBackend,
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=99999999999999999999',
  }),
  'many-headers': raw(
    `HTTP/1.1 200 OK\r\n${Array.from({ length: 5_000 }, (_, index) => `x-${index}: y\r\n`).join('')}\r\n`,
  ),
  'no-http': raw(`SSH-2.0-OpenSSH ${secretOfBackend}\r\n`),
  'bad-chunk': raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'),
  'two-lengths': raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}'),
  short: raw('HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"value":"a"'),
  early: raw(`HTTP/1.1 103 Early Hints\r\nLink: <${secretOfBackend}>\r\n\r\n`),
  reset: ({ socket }) => void socket?.resetAndDestroy(),
  'reset-midway': (response) => {
    response.writeHead(200, json).write('{"value":');
    setTimeout(() => response.socket?.resetAndDestroy(), 5);
  },
};

export function answerBadly({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const answer = badAnswers[url.slice(url.lastIndexOf('/') + 1)];
  if (answer) answer(response);
  else response.writeHead(404).end();
}
