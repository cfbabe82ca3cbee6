import { connectionOf, defineBatch, defineGrpcBackend, env, pageSize, pageStart } from 'tailorbird';
import type { DelayStats, Flight, Flights } from './contract.ts';

/** Flights, routes and delays: gRPC, `flights.proto`. */
export const flights = defineGrpcBackend<Flights>({
  name: 'flights',
  endpoints: env('FLIGHTS_URL', 'http://127.0.0.1:4102'),
  proto: new URL('./flights.proto', import.meta.url),
  service: 'flights.v1.Flights',
});

/**
 * Flights by id.
 *
 * Shape: ids[n] → (Flight | null)[n]; null where no flight has the id.
 * Source: gRPC flights.v1.Flights/BatchGetFlights, at most 200 ids a call.
 * Cached: 60 s, public.
 * Fails: BackendError, for every id of the call.
 */
export const flightById = defineBatch(flights, {
  name: 'flightById',
  load: async (ids: readonly string[], api) => {
    const numbers = ids.filter((id) => /^[1-9]\d{0,9}$/.test(id));
    if (numbers.length === 0) return [];
    return (await api.call('BatchGetFlights', { ids: numbers })).flights;
  },
  keyOf: (flight: Flight) => flight.id,
  maxBatchSize: 200,
  tags: 'Flight',
  cache: { scope: 'public', ttlMs: 60_000 },
});

/** Which page of an airport's departures. */
export interface DeparturePage {
  readonly first: number;
  readonly after?: string | null | undefined;
}

/**
 * A page of departures for each airport, by departure time, then by id as a number.
 *
 * Shape: codes[n] → connection[n]; empty where nothing departs.
 * Source: gRPC flights.v1.Flights/BatchListDepartures, at most 200 codes a call, for first pages;
 * ListDepartures, one call an airport, after a cursor.
 * Cached: 10 s, public.
 * Fails: BAD_USER_INPUT for a cursor or page size out of range; BackendError for every code of the call.
 */
export const departuresByAirport = defineBatch(flights, {
  name: 'departuresByAirport',
  load: async (origins: readonly string[], api, { first, after }: DeparturePage) => {
    const start = pageStart(after);
    const size = pageSize(first);
    const pages = after
      ? await Promise.all(
          origins.map(async (origin) => ({
            origin,
            ...(await api.call('ListDepartures', {
              origin,
              pageSize: size,
              pageToken: start.token,
              skip: start.skip,
            })),
          })),
        )
      : (await api.call('BatchListDepartures', { origins, pageSize: size })).departures;
    const found = new Map(pages.map((page) => [page.origin, page]));
    return origins.map((origin) => {
      const page = found.get(origin);
      return { origin, ...connectionOf(page?.flights ?? [], start, page?.nextPageToken || null) };
    });
  },
  keyOf: (page) => page.origin,
  maxBatchSize: 200,
  tags: 'Airport',
  cache: { scope: 'public', ttlMs: 10_000 },
});

/**
 * Routes that start at each airport, busiest first, ties by destination code.
 *
 * Shape: codes[n] → Route[][n]; empty where no route starts.
 * Source: gRPC flights.v1.Flights/BatchListRoutes, at most 200 codes a call.
 * Units: `flights` per year. Cached: 60 s, public.
 * Fails: BAD_USER_INPUT when `first` is out of range; BackendError for every code of the call.
 */
export const routesByAirport = defineBatch(flights, {
  name: 'routesByAirport',
  load: async (origins: readonly string[], api, { first }: { readonly first: number }) => {
    const { routes } = await api.call('BatchListRoutes', { origins, limit: pageSize(first) });
    const found = new Map(routes.map((airport) => [airport.origin, airport.routes]));
    return origins.map((origin) => ({ origin, routes: found.get(origin) ?? [] }));
  },
  keyOf: (airport) => airport.origin,
  value: (airport) => airport.routes,
  maxBatchSize: 200,
  tags: 'Airport',
  cache: { scope: 'public', ttlMs: 60_000 },
});

/**
 * Delay statistics of each airport's departures.
 *
 * Shape: codes[n] → (DelayStats | null)[n]; null where nothing departs.
 * Source: gRPC flights.v1.Flights/BatchGetDelayStats, at most 200 codes a call.
 * Units: `meanDelayMinutes` minutes, negative when early; `onTimeShare` 0–1. Cached: 60 s, public.
 * Fails: BackendError, for every code of the call.
 */
export const delaysByAirport = defineBatch(flights, {
  name: 'delaysByAirport',
  load: (origins: readonly string[], api) => api.call('BatchGetDelayStats', { origins }),
  rows: (page) => page.delayStats,
  keyOf: (stats: DelayStats) => stats.origin,
  maxBatchSize: 200,
  tags: 'Airport',
  cache: { scope: 'public', ttlMs: 60_000 },
});
