import type { BackendCall, RestRequest } from '../../src/backend/backend.ts';
import { fakeBackend } from '../../src/backend/fake-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import type { BatchCache } from '../../src/load/batch.ts';
import { defineBatch } from '../../src/load/define-batch.ts';

export interface Airport {
  readonly iata: string;
  readonly city: string;
}

export interface AirportPaths {
  '/airports': { get: { query: { ids: readonly string[] }; response: { items: Airport[] } } };
}

export const airports = defineRestBackend<AirportPaths>({
  name: 'airports',
  endpoints: 'http://127.0.0.1:1',
});

export function airportByIata(cache: BatchCache = { scope: 'none' }, maxBatchSize?: number) {
  return defineBatch(airports, {
    name: 'airportByIata',
    load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
    rows: (page) => page.items,
    keyOf: (airport) => airport.iata,
    ...(maxBatchSize === undefined ? {} : { maxBatchSize }),
    cache,
  });
}

/** Airports whose values carry `Airport:<code>`. */
export function taggedAirports(cache: BatchCache = { scope: 'public', ttlMs: 60_000 }) {
  return defineBatch(airports, {
    name: 'taggedAirports',
    load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
    rows: (page) => page.items,
    keyOf: (airport) => airport.iata,
    tags: 'Airport',
    cache,
  });
}

export type Answers = (codes: readonly string[], call: BackendCall) => unknown;

/** Every airport that is asked for. */
export const everyAirport: Answers = (codes) => codes.map((iata) => ({ iata, city: `of ${iata}` }));

/** A live airports backend that answers from a function, and the codes of each of its calls. */
export function liveAirports(answers: Answers = everyAirport, now?: () => number) {
  const asked: (readonly string[])[] = [];
  const fake = fakeBackend({
    'GET /airports': async (request: RestRequest, call) => {
      const codes = request.query['ids'] as readonly string[];
      asked.push(codes);
      return { items: await answers(codes, call) };
    },
  });
  const live = createLiveBackend(airports, { transport: fake, ...(now ? { now } : {}) });
  return { live, asked, calls: fake.calls };
}

/** A promise to settle by hand. */
export function gate<Value = void>() {
  return Promise.withResolvers<Value>();
}

/** Long enough for all that is ready to run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
