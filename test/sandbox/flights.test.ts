import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFlights } from '../../sandbox/flights/flights.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { grpcClient, type TestClient } from './grpc-client.ts';
import { departuresOf, type SourceFlight, sourceFlights, routesOf } from './source-files.ts';
import { tempDir } from './temp-dir.ts';

interface Flight {
  readonly id: string;
}

interface DeparturesPage {
  readonly flights: Flight[];
  readonly nextPageToken: string;
}

const dir = tempDir();
let service: RunningService;
let flights: TestClient;

beforeAll(async () => {
  service = await startFlights({ dataDir: dir.path, watchSpeed: 50_000_000 });
  flights = grpcClient(service.url, 'flights/flights.proto', 'flights.v1.Flights');
});

afterAll(async () => {
  flights.close();
  await service.close();
  dir[Symbol.dispose]();
});

const departures = (request: object) => flights.call<DeparturesPage>('ListDepartures', request);
const ids = (rows: readonly { readonly id: string | number }[]) =>
  rows.map((row) => String(row.id));

function messageOf(flight: SourceFlight) {
  const seconds = Date.parse(`${flight.date.replace(/\//g, '-')}Z`) / 1_000;
  return {
    id: String(flight.id),
    departsAt: { seconds: String(seconds), nanos: 0 },
    origin: flight.origin,
    destination: flight.destination,
    distanceMiles: flight.distance,
    delayMinutes: flight.delay,
    gate: '',
  };
}

describe('flights by id', () => {
  it('have the values of the source file, at their position in it', async () => {
    for (const flight of [sourceFlights[0], sourceFlights[12_345], sourceFlights.at(-1)]) {
      if (!flight) throw new Error('the source file is short');
      expect(await flights.call('GetFlight', { id: String(flight.id) })).toEqual(messageOf(flight));
    }
  });

  it.each(['20001', '0', '007', '1.0', 'x'])(
    'that nobody has, such as %s, are NOT_FOUND',
    async (id) => {
      await expect(flights.call('GetFlight', { id })).rejects.toMatchObject({
        code: status.NOT_FOUND,
      });
    },
  );

  it('come in batches without gaps, repetitions or the order asked', async () => {
    const request = { ids: ['900', '20001', '17', 'x', '900'] };
    const answer = await flights.call<DeparturesPage>('BatchGetFlights', request);
    expect(ids(answer.flights)).toEqual(['17', '900']);
    expect(await flights.call('BatchGetFlights', {})).toEqual({ flights: [] });
  });
});

describe('departures', () => {
  it('page through all flights of an airport, by time, then by id as a number', async () => {
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await departures({ origin: 'ATL', pageSize: 100, pageToken });
      seen.push(...ids(page.flights));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual(ids(departuresOf('ATL')));
  });

  it('come 20 to a page unless told otherwise', async () => {
    expect((await departures({ origin: 'ORD' })).flights).toHaveLength(20);
  });

  it('can start after any flight of a page', async () => {
    const expected = ids(departuresOf('JFK'));
    const { nextPageToken } = await departures({ origin: 'JFK', pageSize: 5 });
    const later = await departures({
      origin: 'JFK',
      pageSize: 2,
      pageToken: nextPageToken,
      skip: 3,
    });
    expect(ids(later.flights)).toEqual(expected.slice(8, 10));
  });

  it('of several airports come in one call, each with a token to go on', async () => {
    const answer = await flights.call<{ departures: (DeparturesPage & { origin: string })[] }>(
      'BatchListDepartures',
      { origins: ['JFK', 'QQQ', 'ATL', 'JFK'], pageSize: 3 },
    );
    expect(answer.departures.map((entry) => [entry.origin, ids(entry.flights)])).toEqual([
      ['ATL', ids(departuresOf('ATL')).slice(0, 3)],
      ['JFK', ids(departuresOf('JFK')).slice(0, 3)],
    ]);
    const pageToken = answer.departures[1]?.nextPageToken;
    const next = await departures({ origin: 'JFK', pageSize: 2, pageToken });
    expect(ids(next.flights)).toEqual(ids(departuresOf('JFK')).slice(3, 5));
  });

  it('of an airport without any are an empty page', async () => {
    expect(await departures({ origin: 'QQQ' })).toEqual({ flights: [], nextPageToken: '' });
  });
});

describe('routes', () => {
  it('are the busiest first, then by destination code', async () => {
    const { routes } = await flights.call<{ routes: { origin: string; routes: object[] }[] }>(
      'BatchListRoutes',
      { origins: ['JFK', 'QQQ', 'ATL'], limit: 200 },
    );
    expect(routes).toEqual([
      { origin: 'ATL', routes: routesOf('ATL') },
      { origin: 'JFK', routes: routesOf('JFK') },
    ]);
    // Some are equally busy, so the second rule is looked at as well.
    const traffic = routesOf('JFK').map((route) => route.flights);
    expect(new Set(traffic).size).toBeLessThan(traffic.length);
  });
});

describe('delay statistics', () => {
  it('are those of the departures in the source file; on time is under 15 minutes', async () => {
    const origins = [...new Set(sourceFlights.map((flight) => flight.origin))].slice(0, 199);
    const { delayStats } = await flights.call<{ delayStats: { origin: string }[] }>(
      'BatchGetDelayStats',
      {
        origins: [...origins, 'QQQ'],
      },
    );
    expect(delayStats.map((stats) => stats.origin)).toEqual(origins.sort());
    for (const stats of delayStats) {
      const delays = departuresOf(stats.origin).map((flight) => flight.delay);
      expect(stats).toEqual({
        origin: stats.origin,
        flights: delays.length,
        meanDelayMinutes: expect.closeTo(
          delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
          9,
        ),
        onTimeShare: expect.closeTo(delays.filter((delay) => delay < 15).length / delays.length, 9),
      });
    }
  });
});

describe('a request that the contract does not allow', () => {
  it.each([
    ['ListDepartures', { origin: 'ATL', pageSize: -1 }, 'page_size'],
    ['ListDepartures', { origin: 'ATL', pageSize: 101 }, 'page_size'],
    ['ListDepartures', { origin: 'ATL', skip: 101 }, 'skip'],
    ['ListDepartures', { origin: 'ATL', pageToken: 'nonsense' }, 'page_token'],
    ['ListDepartures', {}, 'origin'],
    ['BatchListRoutes', { origins: ['ATL'], limit: 201 }, 'limit'],
    ['BatchGetFlights', { ids: Array.from({ length: 201 }, (_, index) => String(index)) }, 'ids'],
    ['BatchGetDelayStats', { origins: Array.from({ length: 201 }, () => 'ATL') }, 'origins'],
  ])('%s is INVALID_ARGUMENT and names the field', async (method, request, field) => {
    await expect(flights.call(method, request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(field),
    });
  });

  it('with the page token of another airport is refused', async () => {
    const { nextPageToken: pageToken } = await departures({ origin: 'JFK', pageSize: 5 });
    await expect(departures({ origin: 'ATL', pageToken })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});

describe('watching departures', () => {
  it('brings flights in the order of their departures', async () => {
    const expected = ids(departuresOf('ATL'));
    const stream = flights.open('WatchDepartures', { origin: 'ATL' });
    stream.on('error', () => {});
    const seen: string[] = [];
    for await (const { flight } of stream) {
      seen.push(flight.id);
      if (seen.length === 20) break;
    }
    const start = expected.indexOf(seen[0] ?? '');
    expect(seen).toEqual(seen.map((_, index) => expected[(start + index) % expected.length]));
  });

  it('stops when the caller cancels', async () => {
    service.calls.clear();
    const stream = flights.open('WatchDepartures', { origin: 'ATL' });
    await once(stream, 'data');
    expect(service.calls.entries().at(-1)).toMatchObject({
      request: { origin: 'ATL' },
      status: null,
    });
    const failed = once(stream, 'error');
    stream.cancel();
    expect(await failed).toMatchObject([{ code: status.CANCELLED }]);
    await expect.poll(() => service.calls.entries().at(-1)?.status).toBe('CANCELLED');
  });

  it('of an airport that no flight leaves from is NOT_FOUND', async () => {
    const stream = flights.open('WatchDepartures', { origin: 'QQQ' });
    stream.resume();
    expect(await once(stream, 'error')).toMatchObject([{ code: status.NOT_FOUND }]);
  });
});

it('counts its calls, here and for other processes', async () => {
  service.calls.clear();
  await Promise.all([departures({ origin: 'ATL' }), departures({ origin: '' }).catch(() => {})]);
  expect(service.calls.counts()).toEqual({ 'flights.v1.Flights/ListDepartures': 2 });
  expect(service.calls.entries().map((call) => call.status)).toEqual(['OK', 'INVALID_ARGUMENT']);
  expect(await (await fetch(service.callsUrl)).json()).toMatchObject({
    counts: service.calls.counts(),
  });
  await fetch(service.callsUrl, { method: 'DELETE' });
  expect(service.calls.total()).toBe(0);
});
