import type { GrpcRequest } from '../../src/backend/backend.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { fakeBackend } from '../../src/backend/fake-backend.ts';
import type { RequestContext } from '../../src/request.ts';

interface Airport {
  iata: string;
  city: string;
}
interface Paths {
  '/airports': {
    get: {
      params: never;
      query: { ids?: string[]; search?: string };
      body: never;
      response: { items: Airport[] };
    };
  };
  '/airports/{iata}': {
    get: { params: { iata: string }; query: undefined; body: never; response: Airport };
    put: { params: { iata: string }; query: never; body: Airport; response: Airport };
  };
}
interface Service {
  GetFlight: { request: { id: string }; response: { id: string } };
  Watch: { request: { iata: string }; response: { id: string }; stream: true };
}
const airports = defineRestBackend<Paths>({ name: 'a', endpoints: 'http://x' });
const flights = defineGrpcBackend<Service>({
  name: 'f',
  endpoints: 'x:1',
  proto: new URL('file:///x'),
  service: 's',
});
declare const context: RequestContext;
const api = airports.api(context);
export const a: Promise<Airport> = api.get('/airports/{iata}', { params: { iata: 'x' } });
export const b: Promise<Airport | null> = api.get('/airports/{iata}', {
  params: { iata: 'x' },
  notFound: null,
});
export const c: Promise<{ items: Airport[] }> = api.get('/airports');
export const c2: Promise<{ items: Airport[] }> = api.get('/airports', { query: { ids: ['x'] } });
// @ts-expect-error params are required
api.get('/airports/{iata}');
// @ts-expect-error no such path
api.get('/airport');
// @ts-expect-error no such query
api.get('/airports', { query: { id: 'x' } });
export const d: Promise<Airport> = api.put('/airports/{iata}', {
  params: { iata: 'x' },
  body: { iata: 'x', city: 'y' },
});
// @ts-expect-error no post
api.post('/airports');
const g = flights.api(context);
export const e: Promise<{ id: string }> = g.call('GetFlight', { id: '1' });
export const f: AsyncIterableIterator<{ id: string }> = g.stream('Watch', { iata: 'x' });
// @ts-expect-error a stream is not a call
g.call('Watch', { iata: 'x' });

export const byIata = defineBatch(airports, {
  load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: [...codes] } }),
  rows: (page) => page.items,
  keyOf: (airport) => airport.iata,
  cache: { scope: 'public', ttlMs: 60_000 },
});
export const h: Promise<Airport | null> = byIata.load(context, 'ATL');
export const plain = defineBatch(airports, {
  load: async (codes: readonly string[]) => codes.map((iata) => ({ iata, city: 'x' })),
  keyOf: (airport) => airport.iata,
  cache: { scope: 'none' },
});
export const i: Promise<Airport | null> = plain.load(context, 'ATL');
export const grouped = defineBatch(airports, {
  load: async (codes: readonly string[], _api, args: { first: number }) =>
    codes.map((iata) => ({ iata, city: 'x', n: args.first })),
  keyOf: (row) => row.iata,
  value: (row) => row.city,
  group: true,
  cache: { scope: 'none' },
});
export const j: Promise<readonly string[] | null> = grouped.load(context, 'ATL', { first: 1 });
// @ts-expect-error arguments are required
grouped.load(context, 'ATL');
defineBatch(airports, {
  load: async (codes: readonly string[]) => codes.map((iata) => ({ iata, city: 'x' })),
  keyOf: (row) => row.iata,
  tags: (airport, code) => [`Airport:${code.toUpperCase()}`, `City:${airport.city.toUpperCase()}`],
  cache: { scope: 'public', ttlMs: 60_000 },
});
defineBatch(airports, {
  load: async (codes: readonly string[]) => codes.map((iata) => ({ iata, city: 'x' })),
  keyOf: (row) => row.iata,
  // @ts-expect-error a value has no `size`
  tags: (airport) => [`Airport:${airport.size}`],
  cache: { scope: 'public', ttlMs: 60_000 },
});
// @ts-expect-error cache is required
defineBatch(airports, { load: async (codes: readonly string[]) => codes, keyOf: (row) => row });
fakeBackend({
  'GET /airports': (request) => request.query['ids'],
  'flights.v1.Flights/GetFlight': ({ message }) => message,
  'flights.v1.Flights/Get': ({ message }: GrpcRequest<{ id: string }>) => message.id,
});
