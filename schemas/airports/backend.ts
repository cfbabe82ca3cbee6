import { defineBatch, defineRestBackend, env } from 'tailorbird';
import type { Airport, Paths } from './contract.ts';

/** Airports of the United States: REST, `openapi.yaml`. */
export const airports = defineRestBackend<Paths>({
  name: 'airports',
  endpoints: env('AIRPORTS_URL', 'http://127.0.0.1:4101'),
});

/**
 * Airports by IATA code.
 *
 * Shape: codes[n] → (Airport | null)[n]; null where no airport has the code.
 * Source: REST GET /airports?ids=, at most 100 codes a call.
 * Cached: 60 s, public, tagged `Airport:<code>`, and 5 min more while it is asked anew.
 * Fails: BackendError, for every code of the call.
 */
export const airportByIata = defineBatch(airports, {
  name: 'airportByIata',
  load: async (codes: readonly string[], api) => {
    // The service refuses a request with a single malformed code in it.
    const ids = codes.filter((code) => /^[A-Za-z0-9]{3,4}$/.test(code));
    return ids.length === 0 ? [] : (await api.get('/airports', { query: { ids } })).items;
  },
  keyOf: (airport: Airport) => airport.iata,
  maxBatchSize: 100,
  tags: 'Airport',
  cache: { scope: 'public', ttlMs: 60_000, staleWhileRevalidateMs: 300_000 },
});
