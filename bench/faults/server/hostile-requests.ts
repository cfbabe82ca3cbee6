import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { idOf } from './house.ts';
import { badAnswers } from './bad-answers.ts';
import { operations } from './operations.ts';

/** Bytes as they go over a connection of their own. */
export interface Hostile {
  readonly what: 'body' | 'document' | 'token' | 'header' | 'upstream answer';
  readonly bytes: Buffer;
}

/** Everything that is tried, for a bff whose viewers have tokens like `token`. */
export function hostileRequests(token: string): readonly Hostile[] {
  return [
    ...bodies().map((bytes) => ({ what: 'body' as const, bytes })),
    ...documents().map((query) => ({
      what: 'document' as const,
      bytes: post(JSON.stringify({ query })),
    })),
    ...tokens(token).map((each) => ({
      what: 'token' as const,
      bytes: post(me, { authorization: each }),
    })),
    ...headers().map((bytes) => ({ what: 'header' as const, bytes })),
    ...Object.keys(badAnswers).flatMap((kind) =>
      ['application/json', 'text/event-stream', 'multipart/mixed'].map((accept) => ({
        what: 'upstream answer' as const,
        bytes: post(JSON.stringify({ documentId: idOf('broken'), variables: { kind } }), {
          accept,
        }),
      })),
    ),
  ];
}

const me = JSON.stringify({ documentId: idOf('me') });
const item = (variables: unknown): string =>
  JSON.stringify({ documentId: idOf('item'), variables });

function post(body: string | Buffer, extra: Record<string, string> = {}): Buffer {
  const head = {
    host: 'api.example.com',
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...extra,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = Buffer.from(`POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([start, Buffer.from(body)]);
}

function bodies(): readonly Buffer[] {
  const texts = [
    '',
    '{',
    'null',
    '7',
    '"x"',
    '[]',
    '{}',
    '{"query":null}',
    '{"query":7,"variables":"x"}',
    '{"documentId":{"toString":1}}',
    '{"documentId":"__proto__"}',
    '{"documentId":"constructor","variables":{"__proto__":{"id":"1"}}}',
    '{"__proto__":{"documentId":"x"},"query":"{ __typename }"}',
    '['.repeat(100_000),
    `{"query":"{ __typename }","variables":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
    `[${Array.from({ length: 100 }, () => me).join()}]`,
    item([]),
    item('x'),
    item({ id: { deep: 1 } }),
    item({ id: 'x'.repeat(200_000) }),
    item({ id: '\u0000\r\nx: y\uD800' }),
    item({ id: ['a'] }),
    item({ id: 1e308 }),
    item({ id: '../../etc/passwd' }),
    item(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`v${index}`, index]))),
    JSON.stringify({ documentId: idOf('item'), operationName: 'x'.repeat(10_000) }),
    JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: ['x'] } } }),
    JSON.stringify({ extensions: { persistedQuery: null, http: { status: 500 } }, query: '{' }),
    'x'.repeat(300_000),
  ];
  const garbage = randomBytes(4_096);
  return [
    ...texts.map((text) => post(text)),
    post(garbage),
    post(Buffer.from([0xff, 0xfe, 0x7b, 0x00])),
    post(gzipSync(Buffer.alloc(32 * 1024 * 1024, 0x20)), { 'content-encoding': 'gzip' }),
    post(gzipSync(me), { 'content-encoding': 'gzip, gzip, gzip' }),
    post(garbage, { 'content-encoding': 'br' }),
    post('--x\r\n\r\n{}\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }),
    post(me, { 'content-type': 'application/json; charset=utf-16' }),
    post(me, { 'content-type': `application/json;${'a=b;'.repeat(2_000)}` }),
    post(me, { 'content-length': String(me.length + 100) }),
    post(me, { 'content-length': '3' }),
    post('zz\r\n{}\r\n0\r\n\r\n', { 'transfer-encoding': 'chunked', 'content-length': '1' }),
  ];
}

function documents(): readonly string[] {
  const repeat = (count: number, each: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => each(index)).join(' ');
  return [
    '{'.repeat(5_000),
    `${'{ a '.repeat(5_000)}${'}'.repeat(5_000)}`,
    `{ ${repeat(2_000, (index) => `a${index}: __typename`)} }`,
    `{ ${repeat(300, (index) => `a${index}: item(id: "1") { id }`)} }`,
    `{ __typename ${'@skip(if: false) '.repeat(500)} }`,
    `{ ...F0 } ${repeat(25, (index) => `fragment F${index} on Query { a: __typename ...F${index + 1} b: __typename ...F${index + 1} }`)} fragment F25 on Query { __typename }`,
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    '{ ... @defer { ... @defer { ... @defer { item(id: "1") { id } } } } }',
    'query ($n: Int) { crowd(salt: "1") @stream(initialCount: -1) { id } }',
    '{ item(id: 99999999999999999999999999999) { id } }',
    `{ item(id: "${'\\u0000'.repeat(100)}") { id } }`,
    `{ item(id: """${'"'.repeat(2)}${'\n'.repeat(900)}""") { id } }`,
    '{ item(id: $missing) { id } }',
    'query ($a: [[[[[ID!]!]!]!]!]!) { item(id: $a) { id } }',
    '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
    '{ __type(name: "Person") { fields { name } } }',
    'subscription { item(id: "1") { id } }',
    'mutation { item(id: "1") { id } }',
    '{ _entities(representations: [{__typename: "Person"}]) { __typename } }',
    'query A { me { id } } query A { me { id } } query B { whoami }',
    '\uFEFF{ __typename }',
    `#${'x'.repeat(100_000)}\n{ __typename }`,
    '{ ite }',
    '{ crowd(salt: "1") { id near { id near { id } } } }',
    operations.everything.repeat(20),
  ];
}

function tokens(token: string): readonly string[] {
  const [head = '', claims = '', signature = ''] = token.split('.');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const headed = (value: object) => `Bearer ${part(value)}.${claims}.${signature}`;
  const own = { alg: 'ES256', typ: 'at+jwt', kid: 'one' };
  return [
    '',
    'Bearer',
    'Bearer ',
    'Bearer  two spaces',
    `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    `Bearer ${'x'.repeat(12_000)}`,
    `Bearer ${'.'.repeat(5_000)}`,
    `Bearer ${head}.${claims}.`,
    `Bearer ${head}.${part({ sub: 'admin', aud: 'urn:faults' })}.${signature}`,
    `Bearer ${token.slice(0, -4)}AAAA`,
    headed({ ...own, alg: 'none' }),
    headed({ ...own, alg: 'HS256' }),
    headed({ ...own, alg: ['ES256'] }),
    headed({ ...own, kid: '../../etc/passwd' }),
    headed({ ...own, kid: { $ne: 1 } }),
    headed({ ...own, jku: 'http://169.254.169.254/keys' }),
    headed({ ...own, crit: ['exp'] }),
    headed({ ...own, b64: false, crit: ['b64'] }),
    headed({ ...own, zip: 'DEF', enc: 'A256GCM' }),
    `Bearer ${Buffer.from('{"alg":').toString('base64url')}.${claims}.${signature}`,
    `Bearer ${part({ alg: 'dir', enc: 'A256GCM' })}....`,
    `Bearer ${token}, Bearer ${token}`,
  ];
}

function headers(): readonly Buffer[] {
  const raw = (text: string) => Buffer.from(text, 'latin1');
  const get = (lines: string, target = '/graphql') =>
    raw(`GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${lines}\r\n`);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  const socket = (lines: string, frames: Buffer = Buffer.alloc(0)) =>
    Buffer.concat([
      raw(
        `GET /graphql HTTP/1.1\r\nHost: a.example\r\n${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n${lines}\r\n`,
      ),
      frames,
    ]);
  return [
    raw('\r\n\r\n\r\n'),
    raw('SSH-2.0-OpenSSH\r\n'),
    raw('GET / HTTP/9.9\r\n\r\n'),
    raw('GET /graphql HTTP/1.1\r\n\r\n'),
    raw('BREW /graphql HTTP/1.1\r\nHost: a\r\n\r\n'),
    raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    raw('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n'),
    raw('GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    raw('GET /graphql HTTP/1.1\r\nHost: a b/<>\r\nConnection: close\r\n\r\n'),
    get(`x-long: ${'a'.repeat(20_000)}\r\n`),
    get(Array.from({ length: 3_000 }, (_, index) => `x-${index}: y\r\n`).join('')),
    get('', `/graphql?query=${'a'.repeat(12_000)}`),
    get('', '/graphql?documentId=%00%ff%zz&variables=%7B'),
    get('', `/graphql?documentId=${idOf('me')}&documentId=x&variables=[]`),
    get('', '/../../etc/passwd'),
    get('', '//evil.example/%2e%2e/'),
    get('', '/graphql/../auth/login?next=//evil.example'),
    get('accept: */*;q=x,,,;;;q=\r\n'),
    get(`accept: ${'a/b,'.repeat(3_000)}\r\n`),
    get('accept-language: ../../x,\xff\xfe;q=9\r\n'),
    get('traceparent: 00-zz-zz-zz\r\ntracestate: =,=\r\nx-request-id: \x01\r\n'),
    get('graphql-client-name: \xff<script>\r\ngraphql-client-version: 99999999999.x\r\n'),
    get('x-forwarded-for: 999.1.1.1, ::::, unknown\r\nforwarded: for="["\r\n'),
    get('expect: 200-maybe\r\n'),
    get('cookie: __Host-session=../../x; a=b\r\norigin: null\r\n'),
    get('name : space\r\n'),
    get(' folded: x\r\n y\r\n'),
    get('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n'),
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
    socket('', Buffer.from([0xff, 0xff, 0xff, 0xff])),
    socket('', Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    socket('', frame('{"type":"connection_init","payload":{"authorization":{"a":1}}}')),
    socket('', frame('{"type":"subscribe","id":"1","payload":{"query":"{ me { id } }"}}')),
    socket('', frame('['.repeat(60_000))),
    socket('Origin: https://evil.example\r\n'),
    socket('Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n'),
  ];
}

/** A text frame as a client sends it. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
