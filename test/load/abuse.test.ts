import { describe, expect, it } from 'vitest';
import type { BatchCache } from '../../src/load/batch.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';
import { type Answers, airportByIata, airports, liveAirports } from './airports.ts';

const options = {
  name: 'airportByIata',
  load: async (codes: readonly string[]) => codes.map((iata) => ({ iata })),
  keyOf: (row: { iata: string }) => row.iata,
  cache: { scope: 'none' } as BatchCache,
};

async function messageOf(answers: Answers): Promise<string> {
  const [value] = await airportByIata().loadMany(contextOver([liveAirports(answers).live]), ['A']);
  return value instanceof Error ? value.message : 'no error';
}

describe('a batch that is used wrongly says so', () => {
  it.each<[string, object, string]>([
    [
      'no cache',
      { cache: undefined },
      "cache.scope must be 'public', 'viewer' or 'none', but got: undefined",
    ],
    [
      'another scope',
      { cache: { scope: 'all' } },
      "cache.scope must be 'public', 'viewer' or 'none', but got: all",
    ],
    [
      'a lifetime below 0',
      { cache: { scope: 'public', ttlMs: -1 } },
      'cache.ttlMs must be a number of at least 0, but got: -1',
    ],
    [
      'no room',
      { cache: { scope: 'public', maxBytes: 0 } },
      'cache.maxBytes must be a whole number above 0, but got: 0',
    ],
    ['tags of no type', { tags: '' }, "tags must be a type's name or a function, but got: "],
    ['a list of tags', { tags: ['A'] }, "tags must be a type's name or a function, but got: A"],
    ['no size', { maxBatchSize: 0 }, 'maxBatchSize must be a whole number above 0, but got: 0'],
    [
      'half a key',
      { maxBatchSize: 1.5 },
      'maxBatchSize must be a whole number above 0, but got: 1.5',
    ],
    ['no load', { load: undefined }, 'load must be a function, but got: undefined'],
    ['no keyOf', { keyOf: 'iata' }, 'keyOf must be a function, but got: iata'],
  ])('when defined with %s', (_name, wrong, message) => {
    expect(() => defineBatch(airports, { ...options, ...wrong } as typeof options)).toThrow(
      new TypeError(`batch "airportByIata": ${message}`),
    );
  });

  it.each([
    [[{ city: 'x' }, { city: 'y' }, {}], 'returned 3 rows with no key; keyOf must return one'],
    [[{ city: 'x' }], 'returned 1 row with no key; keyOf must return one'],
    [undefined, 'rows must be a list, but got: undefined'],
    [{ error: 1, at: 2 }, 'rows must be a list, but got: an object with error, at'],
  ])('when its rows are %j', async (rows, message) => {
    expect(await messageOf(() => rows)).toBe(`batch "airportByIata" ${message}`);
  });

  it('when asked for no key, and fails no other', async () => {
    const { live } = liveAirports();
    const keys = ['A', null, undefined] as unknown as string[];
    const column = await airportByIata().loadMany(contextOver([live]), keys);
    expect(column).toEqual([
      { iata: 'A', city: 'of A' },
      new TypeError('batch "airportByIata" must be asked for a key, but got: null'),
      new TypeError('batch "airportByIata" must be asked for a key, but got: undefined'),
    ]);
  });

  it('when its keys are objects without keyToString', async () => {
    const batch = defineBatch(airports, {
      load: async (keys: readonly { id: string }[]) => keys,
      keyOf: (row) => row,
      cache: { scope: 'none' },
    });
    await expect(batch.load(contextOver([liveAirports().live]), { id: '1' })).rejects.toThrow(
      'batch "airports" has keys that are objects; it needs keyToString to tell them apart',
    );
  });

  it('by the operation that it calls, when it has no name', async () => {
    const { live } = liveAirports(() => [{}]);
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      cache: { scope: 'none' },
    });
    await expect(batch.load(contextOver([live]), 'A')).rejects.toThrow(
      'batch "airports GET /airports" returned 1 row with no key; keyOf must return one',
    );
  });

  it.each(['public', 'viewer', 'none'] as const)(
    'when its backend does not run, scope %s',
    (scope) => {
      expect(() => airportByIata({ scope }).loadMany(contextOver([]), ['A'])).toThrow(
        'backend "airports" is not running here: add its subschema to the bff',
      );
    },
  );
});
