import { describe, expect, it } from 'vitest';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { freshnessOf } from '../../src/load/freshness.ts';
import { contextOver } from '../backend/request-context.ts';
import { httpServer } from '../backend/servers.ts';
import { airportByIata, airports } from './airports.ts';

describe("a backend's Cache-Control", () => {
  it.each([
    [undefined, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['public', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['max-age=60', 60_000, 60_000],
    ['Public, Max-Age=60, s-maxage=10', 10_000, 60_000],
    ['private, max-age=60', 0, 60_000],
    ['no-store', 0, 0],
    ['no-cache, max-age=60', 0, 0],
  ])('%j keeps a public value %d ms, a viewer’s %d ms', (header, asPublic, asViewer) => {
    const headers = header === undefined ? {} : { 'cache-control': header };
    expect(freshnessOf(headers, 'public').lifetimeMs).toBe(asPublic);
    expect(freshnessOf(headers, 'viewer').lifetimeMs).toBe(asViewer);
  });

  it('counts the age that an answer already has', () => {
    const aged = (age: string) =>
      freshnessOf({ 'cache-control': 'max-age=60', age }, 'public').lifetimeMs;
    expect(aged('50')).toBe(10_000);
    expect(aged('90')).toBe(0);
  });

  it('takes Expires where there is no max-age, and an Expires without sense as the past', () => {
    const date = 'Sun, 01 Nov 2026 10:00:00 GMT';
    const lifetimeOf = (expires: string) => freshnessOf({ date, expires }, 'public').lifetimeMs;
    expect(lifetimeOf('Sun, 01 Nov 2026 10:01:00 GMT')).toBe(60_000);
    expect(lifetimeOf('Sun, 01 Nov 2026 09:00:00 GMT')).toBe(0);
    expect(lifetimeOf('0')).toBe(0);
  });

  it('that says must-revalidate forbids a stale answer', () => {
    const stale = (header: string, scope: 'public' | 'viewer') =>
      freshnessOf({ 'cache-control': header }, scope).mayBeStale;
    expect(stale('max-age=1', 'public')).toBe(true);
    expect(stale('max-age=1, must-revalidate', 'public')).toBe(false);
    expect(stale('max-age=1, proxy-revalidate', 'public')).toBe(false);
    expect(stale('max-age=1, proxy-revalidate', 'viewer')).toBe(true);
  });

  it.each([
    ['no-store', 2],
    ['max-age=60', 1],
  ])('%j: two operations, %d calls', async (header, expected) => {
    let asked = 0;
    const url = await httpServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': header });
      response.end('{"items":[{"iata":"A","city":"x"}]}');
    });
    const live = createLiveBackend(airports, { endpoints: [url] });
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    await batch.load(contextOver([live]), 'A');
    await batch.load(contextOver([live]), 'A');
    expect(asked).toBe(expected);
    await live.transport.close();
  });
});
