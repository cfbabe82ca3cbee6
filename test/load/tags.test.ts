import { describe, expect, it } from 'vitest';
import { invalidate } from '../../src/load/caches.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';
import { airports, everyAirport, gate, liveAirports, settled, taggedAirports } from './airports.ts';

describe('invalidating a tag', () => {
  it('drops the values that carry it, and no others', async () => {
    const { live, asked } = liveAirports();
    const batch = taggedAirports();
    await batch.loadMany(contextOver([live]), ['ATL', 'JFK']);
    await invalidate(contextOver([live]), ['Airport:ATL', 'Airport:', 'Flight:ATL']);
    await batch.loadMany(contextOver([live]), ['ATL', 'JFK']);
    expect(asked).toEqual([['ATL', 'JFK'], ['ATL']]);
  });

  it('drops them for every viewer and whatever the arguments', async () => {
    const { live } = liveAirports();
    let loads = 0;
    const batch = defineBatch(airports, {
      load: async (codes: readonly string[], _api, args: { first: number }) => {
        loads += 1;
        return codes.map((iata) => ({ iata, ...args }));
      },
      keyOf: (row) => row.iata,
      tags: 'Departures',
      cache: { scope: 'viewer', ttlMs: 60_000 },
    });
    const loadAll = async () => {
      for (const subject of ['ann', 'bob']) {
        for (const first of [1, 2])
          await batch.load(contextOver([live], { subject }), 'A', { first });
      }
    };
    await loadAll();
    await loadAll();
    expect(loads).toBe(4);
    await invalidate(contextOver([live]), ['Departures:A']);
    await loadAll();
    expect(loads).toBe(8);
  });

  it('goes by what a function says of the value', async () => {
    const { live, asked } = liveAirports();
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      tags: (airport, code) => [`Code:${code}`, `City:${airport.city}`],
      cache: { scope: 'public', ttlMs: 60_000 },
    });
    await batch.loadMany(contextOver([live]), ['A', 'B']);
    await invalidate(contextOver([live]), ['City:of B']);
    await batch.loadMany(contextOver([live]), ['A', 'B']);
    expect(asked).toEqual([['A', 'B'], ['B']]);
  });

  it('answers what is being fetched, but does not keep it and lets nobody else join', async () => {
    const first = gate();
    const { live, asked } = liveAirports(async (codes, call) => {
      if (asked.length === 1) await first.promise;
      return everyAirport(codes, call);
    });
    const batch = taggedAirports();
    const before = batch.loadMany(contextOver([live]), ['ATL', 'JFK']);
    await settled();
    await invalidate(contextOver([live]), ['Airport:ATL']);
    const after = batch.loadMany(contextOver([live]), ['ATL']);
    first.resolve();
    expect(await before).toMatchObject([{ iata: 'ATL' }, { iata: 'JFK' }]);
    expect(await after).toMatchObject([{ iata: 'ATL' }]);
    expect(asked).toEqual([['ATL', 'JFK'], ['ATL']]);
    // Of the first call only JFK was kept; ATL is of the second.
    expect(batch.loadMany(contextOver([live]), ['ATL', 'JFK'])).not.toBeInstanceOf(Promise);
  });

  it('keeps nothing of a fetch that only a later one could vouch for', async () => {
    const open = gate();
    const { live, asked } = liveAirports(async (codes, call) => {
      if (asked.length === 1) await open.promise;
      return everyAirport(codes, call);
    });
    const batch = taggedAirports();
    const before = batch.load(contextOver([live]), 'ATL');
    await settled();
    await invalidate(contextOver([live]), ['Airport:ATL']);
    open.resolve();
    await before;
    await batch.load(contextOver([live]), 'ATL');
    expect(asked).toEqual([['ATL'], ['ATL']]);
  });

  it('lets the same operation read what it has written', async () => {
    let city = 'old';
    const { live } = liveAirports((codes) => codes.map((iata) => ({ iata, city })));
    const batch = taggedAirports();
    const context = contextOver([live]);
    expect(await batch.load(context, 'ATL')).toMatchObject({ city: 'old' });
    city = 'new';
    void invalidate(context, ['Airport:ATL']);
    expect(await batch.load(context, 'ATL')).toMatchObject({ city: 'new' });
  });

  it('holds for more tags than are remembered', async () => {
    const open = gate();
    const { live, asked } = liveAirports(async (codes, call) => {
      if (asked.length === 1) await open.promise;
      return everyAirport(codes, call);
    });
    const batch = taggedAirports();
    const before = batch.load(contextOver([live]), 'ATL');
    await settled();
    const many = Array.from({ length: 10_001 }, (_, index) => `Flight:${index}`);
    await invalidate(contextOver([live]), ['Airport:ATL']);
    await invalidate(contextOver([live]), many);
    open.resolve();
    await before;
    await batch.load(contextOver([live]), 'ATL');
    expect(asked).toHaveLength(2);
  });

  it('leaves a batch without tags alone', async () => {
    const { live, asked } = liveAirports();
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      cache: { scope: 'public', ttlMs: 60_000 },
    });
    await batch.load(contextOver([live]), 'ATL');
    await invalidate(contextOver([live]), ['Airport:ATL']);
    await batch.load(contextOver([live]), 'ATL');
    expect(asked).toHaveLength(1);
  });

  it('fails the keys, and hangs nobody, when a tags function throws', async () => {
    const { live } = liveAirports();
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      tags: () => {
        throw new Error('no tags');
      },
      cache: { scope: 'public', ttlMs: 60_000 },
    });
    expect(await batch.loadMany(contextOver([live]), ['A'])).toEqual([new Error('no tags')]);
  });
});
