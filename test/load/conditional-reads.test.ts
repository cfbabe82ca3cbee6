import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import type { BatchCache } from '../../src/load/batch.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';
import { httpServer } from '../backend/servers.ts';
import { settled } from './airports.ts';

interface Served {
  readonly etag?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly city?: string;
}

/** A service whose airports are of one city, and the headers of each request. */
async function service(answer: (request: IncomingMessage) => Served, scope: 'public' | 'viewer') {
  const requests: IncomingMessage['headers'][] = [];
  const statuses: number[] = [];
  const url = await httpServer((request, response: ServerResponse) => {
    requests.push(request.headers);
    const { etag, headers = {}, city = 'old' } = answer(request);
    const known = request.headers['if-none-match'];
    const unchanged =
      (etag !== undefined && known === etag) ||
      (headers['last-modified'] !== undefined &&
        request.headers['if-modified-since'] === headers['last-modified']);
    const all = { ...headers, ...(etag === undefined ? {} : { etag }) };
    statuses.push(unchanged ? 304 : 200);
    response.writeHead(unchanged ? 304 : 200, { 'content-type': 'application/json', ...all });
    response.end(unchanged ? undefined : JSON.stringify({ items: [{ iata: 'A', city }] }));
  });
  let time = 0;
  const backend = defineRestBackend<{
    '/airports': {
      get: {
        query: { ids: readonly string[] };
        response: { items: { iata: string; city: string }[] };
      };
    };
  }>({
    name: 'airports',
    endpoints: 'http://127.0.0.1:1',
    headers: ({ viewer }): Record<string, string> =>
      viewer ? { authorization: `Bearer ${viewer.subject}` } : {},
  });
  const live = createLiveBackend(backend, { endpoints: [url], now: () => time });
  onTestFinished(() => live.transport.close());
  const cache: BatchCache = { scope, ttlMs: 60_000, staleWhileRevalidateMs: 0 };
  const batch = defineBatch(backend, {
    load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
    rows: (page) => page.items,
    keyOf: (airport) => airport.iata,
    cache,
  });
  return {
    requests,
    statuses,
    pass: (ms: number) => void (time += ms),
    load: (who: { subject?: string; language?: string } = {}) =>
      batch.load(
        contextOver([live], {
          ...(who.subject === undefined ? {} : { subject: who.subject }),
          headers: who.language === undefined ? {} : { 'accept-language': who.language },
        }),
        'A',
      ),
  };
}

describe('a value past its lifetime', () => {
  it('is asked for with its ETag, and lives on when nothing has changed', async () => {
    const { load, pass, requests, statuses } = await service(
      () => ({ etag: '"v1"', headers: { 'cache-control': 'max-age=10' } }),
      'public',
    );
    const first = await load();
    pass(11_000);
    const second = await load();
    await load();
    expect(second).toBe(first);
    expect(statuses).toEqual([200, 304]);
    expect(requests.map((headers) => headers['if-none-match'])).toEqual([undefined, '"v1"']);
    pass(11_000);
    expect(await load()).toBe(first);
    expect(statuses).toEqual([200, 304, 304]);
  });

  it('is replaced when it has changed, and its new ETag is used from then on', async () => {
    let version = 1;
    const { load, pass, requests } = await service(
      () => ({ etag: `"v${version}"`, city: `city ${version}` }),
      'public',
    );
    await load();
    version = 2;
    pass(70_000);
    expect(await load()).toMatchObject({ city: 'city 2' });
    pass(70_000);
    await load();
    expect(requests.at(-1)?.['if-none-match']).toBe('"v2"');
  });

  it('is asked for by its Last-Modified where it has no ETag', async () => {
    const modified = 'Sun, 01 Nov 2026 10:00:00 GMT';
    const { load, pass, requests, statuses } = await service(
      () => ({ headers: { 'last-modified': modified } }),
      'public',
    );
    await load();
    pass(70_000);
    await load();
    expect(statuses).toEqual([200, 304]);
    expect(requests.at(-1)?.['if-modified-since']).toBe(modified);
  });

  it.each([
    ['no-cache', [200, 304]],
    ['max-age=0, must-revalidate', [200, 304]],
    ['no-store', [200, 200]],
    ['private', [200, 200]],
  ])('under %j is asked for as allowed', async (control, expected) => {
    const { load, statuses } = await service(
      () => ({ etag: '"v1"', headers: { 'cache-control': control } }),
      'public',
    );
    await load();
    await load();
    expect(statuses).toEqual(expected);
  });

  it('is never revalidated with the ETag of another bearer', async () => {
    const { load, pass, requests } = await service(() => ({ etag: '"v1"' }), 'viewer');
    await load({ subject: 'ann' });
    await load({ subject: 'bob' });
    pass(70_000);
    await load({ subject: 'carl' });
    expect(requests.map((headers) => headers['if-none-match'])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await load({ subject: 'ann' });
    expect(requests.at(-1)).toMatchObject({
      authorization: 'Bearer ann',
      'if-none-match': '"v1"',
    });
  });
});

describe('an answer that varies', () => {
  it('by language is one for each, from the first contact on', async () => {
    const { load, requests } = await service(
      (request) => ({
        headers: { vary: 'Accept-Encoding, Accept-Language' },
        city: String(request.headers['accept-language']),
      }),
      'public',
    );
    const answers = await Promise.all([load({ language: 'de' }), load({ language: 'fr' })]);
    await settled();
    answers.push(await load({ language: 'de' }), await load({ language: 'fr' }));
    expect(answers.map((answer) => answer?.city)).toEqual(['de', 'fr', 'de', 'fr']);
    expect(requests).toHaveLength(2);
  });

  it('by nothing that we send is one for all languages', async () => {
    const { load, requests } = await service(
      () => ({ headers: { vary: 'Origin, Accept' } }),
      'public',
    );
    await load({ language: 'de' });
    await load({ language: 'fr' });
    expect(requests).toHaveLength(1);
  });

  it('by language all of a sudden drops what was kept for all', async () => {
    let headers: Record<string, string> = { 'cache-control': 'max-age=1' };
    const { load, pass } = await service(
      (request) => ({ headers, city: String(request.headers['accept-language']) }),
      'public',
    );
    await load({ language: 'de' });
    headers = { vary: 'Accept-Language' };
    pass(2_000);
    expect(await load({ language: 'fr' })).toMatchObject({ city: 'fr' });
    expect(await load({ language: 'de' })).toMatchObject({ city: 'de' });
  });

  it.each([
    ['*', 2],
    ['X-Client-Name', 2],
    ['Authorization', 2],
    ['Cookie', 2],
  ])('by %s is not kept for everyone', async (vary, calls) => {
    const { load, requests } = await service(() => ({ etag: '"1"', headers: { vary } }), 'public');
    await load();
    await load();
    expect(requests).toHaveLength(calls);
    expect(requests.every((headers) => headers['if-none-match'] === undefined)).toBe(true);
  });

  it('by Authorization is kept for its viewer', async () => {
    const { load, requests } = await service(
      () => ({ headers: { vary: 'authorization' } }),
      'viewer',
    );
    await load({ subject: 'ann' });
    await load({ subject: 'ann' });
    await load({ subject: 'bob' });
    expect(requests).toHaveLength(2);
  });
});
