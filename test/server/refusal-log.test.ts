import { request as send } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createLogger } from '../../src/server/log.ts';
import { createRefusalLog } from '../../src/server/refusal-log.ts';
import {
  listLogger,
  type LoggedLine,
  type StubOptions,
  type StubServer,
  stubServer,
} from '../support/stub-server.ts';

const json = { 'content-type': 'application/json' };
const ours = { 'x-request-id': 'req-1' };

describe('a request that never becomes an operation has one line', () => {
  const guard = (request: { headers: Pick<Headers, 'get'> }) =>
    request.headers.get('x-foreign') === null
      ? null
      : ({ status: 403, code: 'FORBIDDEN', message: 'Not from there.' } as const);
  // One each, since there are more cases here than lines a second.
  let server: StubServer;
  const options: StubOptions = {
    limits: { bodyLimitBytes: 100, urlLimitBytes: 200, headersLimitBytes: 2_000 },
    auth: {
      guard,
      routes: async () => null,
      viewer: async () => null,
      socketViewer: async () => null,
      watch: () => () => {},
      tokenFor: () => '',
      close: async () => {},
    },
  };
  let url = '';
  beforeEach(async () => {
    server = stubServer(options);
    ({ url } = await server.listen());
  });
  afterEach(() => server.close());

  const post = (body: string, headers: Record<string, string> = json) =>
    fetch(url, { method: 'POST', headers: { ...ours, ...headers }, body });
  const eventStream = { ...json, accept: 'text/event-stream' };
  const cases: readonly (readonly [string, () => Promise<Response>, number, RegExp])[] = [
    ['from another site', () => post('{}', { ...json, 'x-foreign': '1' }), 403, /^Not from there/],
    [
      'for events, from another site',
      () => post('{}', { ...eventStream, 'x-foreign': '1' }),
      403,
      /^Not from there/,
    ],
    ['with a long body', () => post('x'.repeat(101)), 413, /too large/],
    ['with a long body, for events', () => post('x'.repeat(101), eventStream), 413, /too large/],
    ['that is no JSON', () => post('{'), 400, /not valid JSON/],
    ['that is no JSON, for events', () => post('{', eventStream), 400, /not valid JSON/],
    ['that is a list', () => post('[]'), 400, /is a list/],
    ['without a query', () => post('{}'), 400, /"query" is missing/],
    ['as a form', () => post('a=b', { 'content-type': 'text/plain' }), 415, /content type/],
    [
      'for a page',
      () => post('{"query":"{ hello }"}', { ...json, accept: 'text/html' }),
      406,
      /Accept header/,
    ],
    [
      'with a long address',
      () => fetch(`${url}?query=${'x'.repeat(300)}`, { headers: ours }),
      414,
      /URL is too long/,
    ],
    [
      'at another path',
      () => fetch(new URL('/no', url), { headers: ours }),
      404,
      /^Nothing answers/,
    ],
    ['with PUT', () => fetch(url, { method: 'PUT', headers: ours }), 405, /GET or POST/],
  ];

  test.each(cases)('%s', async (_name, ask, status, reason) => {
    const response = await ask();
    await response.text();
    expect(response.status).toBe(status);
    expect(server.log).toEqual([
      {
        level: 'info',
        message: 'request refused',
        fields: {
          bff: 'stub',
          requestId: response.headers.get('x-request-id'),
          status,
          reason: expect.stringMatching(reason),
        },
      },
    ]);
    expect(response.headers.get('x-request-id')).toBe('req-1');
  });

  test('with long headers, or to a host that is none', async () => {
    await fetch(url, { headers: { long: 'x'.repeat(2_050) } });
    await new Promise((resolve) => {
      send(url, { headers: { host: 'a b' } }, (answer) => answer.resume().on('end', resolve)).end();
    });
    expect(server.log.map(({ fields }) => fields['status'])).toEqual([431, 400]);
  });

  test('to become a WebSocket of another site', async () => {
    const socket = new WebSocket(url.replace('http', 'ws'), { origin: 'https://evil.example' });
    await new Promise((resolve) => socket.on('error', resolve));
    expect(server.log).toMatchObject([{ fields: { status: 403 }, message: 'request refused' }]);
  });

  test('and one that becomes an operation has the line of that', async () => {
    await (await post('{"query":"{ nothing }"}')).text();
    expect(server.log).toMatchObject([{ message: 'operation' }]);
  });
});

describe('many in one second', () => {
  afterEach(() => vi.useRealTimers());

  test('have ten lines, and one that counts the rest', () => {
    vi.useFakeTimers();
    const lines: LoggedLine[] = [];
    const refused = createRefusalLog({ bff: 'web', logger: listLogger(lines) });
    const flood = () => {
      for (let index = 0; index < 1_000; index += 1) {
        refused({ requestId: String(index), status: index % 2 ? 413 : 400, reason: 'no' });
      }
    };
    flood();
    expect(lines).toHaveLength(10);
    vi.advanceTimersByTime(1_000);
    expect(lines.at(-1)).toEqual({
      level: 'warn',
      fields: { bff: 'web', more: { 400: 495, 413: 495 } },
      message: 'more requests refused',
    });
    flood();
    vi.advanceTimersByTime(5_000);
    expect(lines).toHaveLength(22);
  });

  test('say nothing when there were none beyond', () => {
    vi.useFakeTimers();
    const lines: LoggedLine[] = [];
    const refused = createRefusalLog({ bff: 'web', logger: listLogger(lines) });
    refused({ requestId: 'r', status: 400, reason: 'no' });
    vi.advanceTimersByTime(1_000);
    expect(lines).toHaveLength(1);
  });
});

test('the readable line has the id as well', () => {
  let written = '';
  const logger = createLogger({
    environment: 'development',
    write: (line) => {
      written += line;
    },
  });
  createRefusalLog({ bff: 'web', logger })({
    requestId: 'req-1',
    status: 413,
    reason: 'Too large.',
  });
  expect(written).toMatch(
    /info {2}request refused status=413 reason=Too large\. requestId=req-1 bff=web\n$/,
  );
});
