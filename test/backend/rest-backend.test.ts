import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BackendPolicy } from '../../src/backend/backend.ts';
import type { BackendHeaders } from '../../src/backend/headers.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { repeated } from '../../src/backend/repeated.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { isBackendError } from '../../src/error.ts';
import { type ContextOptions, contextOver } from './request-context.ts';
import { deadPort, httpServer, tcpServer } from './servers.ts';

interface Options extends ContextOptions {
  readonly policy?: BackendPolicy;
  readonly ofBackend?: BackendHeaders;
}

/** The calls of a backend at these endpoints, and the context they are made for. */
function restOver(endpoints: URL | readonly URL[], options: Options = {}) {
  const definition = defineRestBackend({
    name: 'airports',
    endpoints: 'http://unused',
    policy: options.policy ?? {},
    ...(options.ofBackend ? { headers: options.ofBackend } : {}),
  });
  const live = createLiveBackend(definition, { endpoints: [endpoints].flat() });
  onTestFinished(() => live.transport.close());
  const context = contextOver([live], options);
  return { api: definition.api(context), context, live };
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

async function failure(promise: Promise<unknown>) {
  const startedAt = performance.now();
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isBackendError(error)) throw new Error(`expected a BackendError, but got: ${String(error)}`);
  const { code, backend, retryable, message } = error;
  return { code, backend, retryable, message, tookMs: performance.now() - startedAt };
}

describe('a REST backend', () => {
  it('fills the path, joins lists by commas, and parses the answer', async () => {
    const urls: (string | undefined)[] = [];
    const url = await httpServer((request, response) => {
      urls.push(request.url);
      json(response, { items: [1] });
    });
    const { api, context } = restOver(new URL('/v1/', url));
    const answer = await api.get('/airports/{iata}/x', {
      params: { iata: 'A/B ü' },
      query: { ids: ['A,1', 'ß'], active: false, first: 0, after: undefined, tags: [] },
    });
    expect(answer).toEqual({ items: [1] });
    expect(urls).toEqual([
      '/v1/airports/A%2FB%20%C3%BC/x?ids=A%2C1,%C3%9F&active=false&first=0&tags=',
    ]);
    expect(context.calls).toMatchObject([
      { backend: 'airports', operation: 'GET /airports/{iata}/x', outcome: 'ok', bytes: 13 },
    ]);
  });

  it('says a repeated list item by item', async () => {
    const urls: (string | undefined)[] = [];
    const url = await httpServer((request, response) => {
      urls.push(request.url);
      json(response, []);
    });
    const { api } = restOver(url);
    await api.get('/at', { query: { day: 1, ids: repeated(['A,1', 'ß']), none: repeated([]) } });
    const wrong = repeated([{}] as unknown as string[]);
    expect(urls).toEqual(['/at?day=1&ids=A%2C1&ids=%C3%9F']);
    expect(await failure(api.get('/at', { query: { ids: wrong } }))).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'airports: query parameter "ids" must be a scalar, but got: {}',
    });
  });

  it('sends a body with its idempotency key', async () => {
    const seen: unknown[] = [];
    const url = await httpServer(async (request, response) => {
      const chunks: Buffer[] = await request.toArray();
      const { headers, method } = request;
      seen.push([method, headers['content-type'], headers['idempotency-key']]);
      json(response, JSON.parse(Buffer.concat(chunks).toString()), 201);
    });
    const { api } = restOver(url);
    const body = { home: 'JFK' };
    expect(await api.patch('/me', { body, idempotencyKey: 'k1' })).toEqual(body);
    expect(seen).toEqual([['PATCH', 'application/json', 'k1']]);
  });

  it('sends who asks and how long is left, and nothing else of the client', async () => {
    let headers: IncomingHttpHeaders = {};
    const url = await httpServer((request, response) => {
      headers = request.headers;
      json(response, null);
    });
    const { api } = restOver(url, {
      clientName: 'ios',
      deadlineMs: 350,
      headers: { traceparent: '00-1-2-01', cookie: 'secret', 'accept-language': 'de' },
      ofBackend: () => ({ Authorization: 'Bearer t' }),
    });
    await api.get('/');
    expect(headers).toMatchObject({
      'x-request-id': 'r1',
      'x-client-name': 'ios',
      traceparent: '00-1-2-01',
      'accept-language': 'de',
      authorization: 'Bearer t',
    });
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('accept-encoding');
    const remainingMs = Number(headers['x-request-timeout-ms']);
    expect(remainingMs).toBeGreaterThan(200);
    expect(remainingMs).toBeLessThanOrEqual(300);
  });

  it('answers null for 204, and for 404 where that is asked for', async () => {
    const url = await httpServer((request, response) => {
      response.writeHead(request.url === '/gone' ? 404 : 204).end();
    });
    const { api } = restOver(url);
    expect(await api.delete('/it')).toBeNull();
    expect(await api.get('/gone', { notFound: null })).toBeNull();
    expect(await failure(api.get('/gone'))).toMatchObject({ code: 'NOT_FOUND', retryable: false });
  });

  it.each([
    [400, 'BAD_USER_INPUT', false],
    [401, 'UNAUTHENTICATED', false],
    [403, 'FORBIDDEN', false],
    [409, 'CONFLICT', false],
    [429, 'RATE_LIMITED', true],
    [500, 'UPSTREAM_UNAVAILABLE', false],
    [503, 'UPSTREAM_UNAVAILABLE', true],
    [504, 'UPSTREAM_TIMEOUT', true],
    [302, 'UPSTREAM_BAD_RESPONSE', false],
    [418, 'UPSTREAM_BAD_RESPONSE', false],
  ])('turns %i into %s', async (status, code, retryable) => {
    let asked = 0;
    const url = await httpServer((_request, response) => {
      asked += 1;
      response.writeHead(status, { location: '/elsewhere' }).end('why so');
    });
    const { api } = restOver(url);
    const failed = await failure(api.get('/x'));
    expect(failed).toMatchObject({ code, retryable, backend: 'airports' });
    expect(failed.message).toBe(`airports GET /x answered ${status} at ${url.host}: why so`);
    expect(asked).toBe([429, 503].includes(status) ? 2 : 1);
  });

  it('fails at once when nobody listens', async () => {
    const { api, context } = restOver(await deadPort(), { policy: { retries: 0 } });
    const failed = await failure(api.get('/x'));
    expect(failed).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(failed.message).toContain('ECONNREFUSED');
    expect(failed.tookMs).toBeLessThan(200);
    expect(context.calls).toMatchObject([{ outcome: 'UPSTREAM_UNAVAILABLE' }]);
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['hangs', () => {}],
    ['stalls after its headers', (_request, response) => response.writeHead(200).flushHeaders()],
    [
      'trickles',
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('is cut at its deadline when it %s', async (_name, handler) => {
    const closed = Promise.withResolvers<void>();
    const url = await httpServer((request, response) => {
      request.socket.on('close', () => closed.resolve());
      handler(request, response);
    });
    const { api } = restOver(url, { policy: { timeoutMs: 80 } });
    const failed = await failure(api.get('/x'));
    expect(failed.code).toBe('UPSTREAM_TIMEOUT');
    expect(failed.tookMs).toBeGreaterThanOrEqual(75);
    expect(failed.tookMs).toBeLessThan(300);
    await closed.promise;
  });

  it('is not late when it was we who paused', async () => {
    const url = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('1', () => {
        const until = performance.now() + 150;
        while (performance.now() < until);
      });
    });
    expect(await restOver(url, { policy: { timeoutMs: 100 } }).api.get('/x')).toBe(1);
  });

  it.each<[string, string, string]>([
    ['resets', '', 'UPSTREAM_UNAVAILABLE'],
    ['speaks no HTTP', 'SSH-2.0-nope\r\n', 'UPSTREAM_UNAVAILABLE'],
    [
      'breaks off its answer',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"a":',
      'UPSTREAM_BAD_RESPONSE',
    ],
  ])('that %s is an error of its own', async (_name, bytes, code) => {
    const url = await tcpServer((socket) => {
      socket.once('data', () => {
        if (bytes === '') socket.resetAndDestroy();
        else socket.end(bytes);
      });
    });
    expect(await failure(restOver(url).api.get('/x'))).toMatchObject({ code, retryable: true });
  });

  it.each<[string, string, string]>([
    ['HTML', 'text/html', '<h1>hi</h1>'],
    ['invalid JSON', 'application/json', '{"a":'],
    ['an empty body', 'application/json', ''],
  ])('that answers %s is a bad response', async (_name, type, body) => {
    const url = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    expect(await failure(restOver(url).api.get('/x'))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: false,
    });
  });

  it.each([true, false])('refuses an oversized answer, length announced: %s', async (announced) => {
    let written = 0;
    const closed = Promise.withResolvers<void>();
    const url = await httpServer((_request, response) => {
      response.on('close', () => closed.resolve());
      const piece = Buffer.alloc(64 * 1024, 32);
      response.writeHead(200, announced ? { 'content-length': 1e9 } : {});
      const more = (): void => {
        while (!response.destroyed && written < 1e9) {
          written += piece.length;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const { api } = restOver(url, { policy: { maxResponseBytes: 200_000 } });
    expect(await failure(api.get('/x'))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      message: 'airports GET /x answered with more than 200000 bytes',
    });
    await closed.promise;
    expect(written).toBeLessThan(50e6);
  });

  it('cancels the call within 100 ms when the client leaves', async () => {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<number>();
    const url = await httpServer((request) => {
      request.socket.on('close', () => closed.resolve(performance.now()));
      arrived.resolve();
    });
    const leaving = new AbortController();
    const { api, context } = restOver(url, { signal: leaving.signal });
    const failing = failure(api.get('/x'));
    await arrived.promise;
    const leftAt = performance.now();
    leaving.abort();
    expect((await closed.promise) - leftAt).toBeLessThan(100);
    expect(await failing).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(context.calls).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('never sends a call that left the queue by its deadline, nor one with under 20 ms left', async () => {
    const urls: (string | undefined)[] = [];
    const answers: ServerResponse[] = [];
    const url = await httpServer((request, response) => {
      urls.push(request.url);
      answers.push(response);
    });
    const { api, live } = restOver(url, { policy: { maxConnections: 1, timeoutMs: 60 } });
    const [first, second] = await Promise.all([failure(api.get('/1')), failure(api.get('/2'))]);
    expect([first.code, second.code]).toEqual(['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT']);
    const late = contextOver([live], { deadlineMs: 65 });
    const unsent = failure(
      defineRestBackend({ name: 'airports', endpoints: 'http://unused' }).api(late).get('/3'),
    );
    expect((await unsent).message).toMatch(/was not sent: 1\d ms left, at least 20 ms needed/);
    expect(late.calls).toMatchObject([{ outcome: 'UPSTREAM_TIMEOUT' }]);
    expect(urls).toEqual(['/1']);
  });

  it('opens no more connections than its policy says', async () => {
    const sockets = new Set<unknown>();
    const url = await httpServer((request, response) => {
      sockets.add(request.socket);
      setImmediate(() => json(response, 1));
    });
    const { api } = restOver(url, { policy: { maxConnections: 3 } });
    await Promise.all(Array.from({ length: 30 }, () => api.get('/x')));
    expect(sockets.size).toBe(3);
  });

  it.each([
    ['', 'empty'],
    ['..', 'climbing'],
    ['a/../b', 'climbing inside'],
    ['a\r\nhost: x', 'a second line'],
    ['a\0', 'NUL'],
    ['\ud800', 'half a character'],
  ])('refuses the path parameter %j (%s) before sending', async (iata) => {
    const url = await httpServer((_request, response) => json(response, 1));
    const { api, context } = restOver(url);
    const failed = await failure(api.get('/airports/{iata}', { params: { iata } }));
    expect(failed.code).toBe('BAD_USER_INPUT');
    expect(context.calls).toEqual([]);
  });

  it.each([
    ['x-note', 'a\r\nx-evil: 1'],
    ['x-note', 'a\0'],
    ['x note', 'a'],
    ['Host', 'elsewhere'],
    ['transfer-encoding', 'chunked'],
  ])('refuses the header %j: %j', async (name, value) => {
    const url = await httpServer((_request, response) => json(response, 1));
    const failed = await failure(restOver(url).api.get('/', { headers: { [name]: value } }));
    expect(failed.code).toBe('BAD_USER_INPUT');
  });

  it('tells whether it answers', async () => {
    const url = await httpServer((_request, response) => response.writeHead(404).end());
    const signal = AbortSignal.timeout(1_000);
    expect(await restOver(url).live.transport.probe?.(signal)).toBe(true);
    expect(await restOver(await deadPort()).live.transport.probe?.(signal)).toBe(false);
  });
});
