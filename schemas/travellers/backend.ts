import { defineBatch, defineRestBackend, env } from 'tailorbird';
import type { Paths, Traveller } from './contract.ts';

/** Travellers and their home airports: REST, `openapi.yaml`. */
export const travellers = defineRestBackend<Paths>({
  name: 'travellers',
  endpoints: env('TRAVELLERS_URL', 'http://127.0.0.1:4104'),
  policy: { timeoutMs: 800 },
  auth: { audience: 'urn:travellers' },
});

/**
 * Travellers by id, as the viewer may see them.
 *
 * Shape: ids[n] → (Traveller | null)[n]; null where nobody has the id.
 * Source: REST GET /travellers?ids=, at most 100 ids a call.
 * Cached: 10 s, for the viewer alone.
 * Fails: BackendError, for every id of the call.
 */
export const travellerById = defineBatch(travellers, {
  name: 'travellerById',
  load: (ids: readonly string[], api) => api.get('/travellers', { query: { ids } }),
  rows: (page) => page.items,
  keyOf: (traveller: Traveller) => traveller.id,
  maxBatchSize: 100,
  tags: 'Traveller',
  cache: { scope: 'viewer', ttlMs: 10_000 },
});
