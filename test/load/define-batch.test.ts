import { describe, expect, it } from 'vitest';
import { BackendError } from '../../src/error.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';
import { airportByIata, airports, everyAirport, gate, liveAirports } from './airports.ts';

const down = (codes: readonly string[]) =>
  new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend: 'airports',
    message: `no ${codes.join(',')}`,
  });

const iatas = (column: readonly unknown[]) =>
  column.map((value) =>
    value instanceof Error ? value.message : ((value as { iata: string } | null)?.iata ?? null),
  );

describe('a batch', () => {
  it('asks once for the loads and columns of one tick, each key once', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata();
    const context = contextOver([live]);
    const [atl, column, again] = await Promise.all([
      batch.load(context, 'ATL'),
      batch.loadMany(context, ['JFK', 'ATL', 'JFK']),
      batch.load(context, 'ATL'),
    ]);
    expect(asked).toEqual([['ATL', 'JFK']]);
    expect(atl).toEqual({ iata: 'ATL', city: 'of ATL' });
    expect(again).toBe(atl);
    expect(iatas(column)).toEqual(['JFK', 'ATL', 'JFK']);
    expect(context.calls).toMatchObject([
      { backend: 'airports', operation: 'GET /airports', batchSize: 2, outcome: 'ok' },
    ]);
  });

  it('re-keys rows that come in another order', async () => {
    const { live } = liveAirports((codes, call) => (everyAirport(codes, call) as []).toReversed());
    const column = await airportByIata().loadMany(contextOver([live]), ['A', 'B', 'C']);
    expect(iatas(column)).toEqual(['A', 'B', 'C']);
  });

  it('answers null where a row is missing, and ignores rows that nobody asked for', async () => {
    const { live } = liveAirports(() => [{ iata: 'X', city: 'x' }, null, { iata: 'B', city: 'b' }]);
    const column = await airportByIata().loadMany(contextOver([live]), ['A', 'B', 'C']);
    expect(iatas(column)).toEqual([null, 'B', null]);
  });

  it('takes the first of two rows with one key', async () => {
    const { live } = liveAirports(() => [
      { iata: 'A', city: 'first' },
      { iata: 'A', city: 'second' },
    ]);
    expect(await airportByIata().load(contextOver([live]), 'A')).toMatchObject({ city: 'first' });
  });

  it('answers without a promise what the operation has loaded before', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata();
    const context = contextOver([live]);
    await batch.load(context, 'A');
    const column = batch.loadMany(context, ['A', 'A']);
    expect(column).not.toBeInstanceOf(Promise);
    expect(iatas(column as [])).toEqual(['A', 'A']);
    expect(asked).toHaveLength(1);
  });

  it('asks anew for another operation, when its scope is none', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata();
    await Promise.all([batch.load(contextOver([live]), 'A'), batch.load(contextOver([live]), 'A')]);
    expect(asked).toEqual([['A'], ['A']]);
  });

  it('waits for a key that another column already asks for', async () => {
    const open = gate();
    const { live, asked } = liveAirports(async (codes, call) => {
      await open.promise;
      return everyAirport(codes, call);
    });
    const batch = airportByIata();
    const context = contextOver([live]);
    const first = batch.loadMany(context, ['A']);
    await new Promise((resolve) => setImmediate(resolve));
    const second = batch.loadMany(context, ['A', 'B']);
    open.resolve();
    expect(iatas(await first)).toEqual(['A']);
    expect(iatas(await second)).toEqual(['A', 'B']);
    expect(asked).toEqual([['A'], ['B']]);
  });

  it('cuts calls at maxBatchSize; a chunk that fails fails its keys alone', async () => {
    const { live, asked } = liveAirports((codes, call) => {
      if (codes.includes('C')) throw down(codes);
      return everyAirport(codes, call);
    });
    const column = await airportByIata(undefined, 2).loadMany(contextOver([live]), [...'ABCDE']);
    expect(asked).toEqual([['A', 'B'], ['C', 'D'], ['E']]);
    expect(iatas(column)).toEqual(['A', 'B', 'no C,D', 'no C,D', 'E']);
  });

  it('does not hold a column for the slow chunk of another', async () => {
    const open = gate();
    const { live } = liveAirports(async (codes, call) => {
      if (codes.includes('C')) await open.promise;
      return everyAirport(codes, call);
    });
    const batch = airportByIata(undefined, 2);
    const context = contextOver([live]);
    const fast = batch.loadMany(context, ['A', 'B']);
    const slow = batch.loadMany(context, ['C']);
    expect(iatas(await fast)).toEqual(['A', 'B']);
    open.resolve();
    expect(iatas(await slow)).toEqual(['C']);
  });

  it('fails every key with the error when the backend fails, and load rejects with it', async () => {
    const { live, asked } = liveAirports((codes) => {
      throw down(codes);
    });
    const batch = airportByIata();
    const context = contextOver([live]);
    const [column, single] = await Promise.all([
      batch.loadMany(context, ['A', 'B']),
      batch.load(context, 'A').catch((error: unknown) => error),
    ]);
    expect(iatas(column)).toEqual(['no A,B', 'no A,B']);
    expect(single).toBe(column[0]);
    await expect(batch.load(context, 'B')).rejects.toBe(single);
    expect(asked).toHaveLength(1);
    expect(context.calls).toMatchObject([{ outcome: 'UPSTREAM_UNAVAILABLE', detail: 'no A,B' }]);
  });

  it('fails one key where the value of its row is an error', async () => {
    const { live } = liveAirports();
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      value: (airport) => (airport.iata === 'B' ? down(['B']) : airport.city),
      cache: { scope: 'none' },
    });
    const column = await batch.loadMany(contextOver([live]), ['A', 'B']);
    expect(column).toEqual(['of A', down(['B'])]);
  });

  it('survives a load that throws before it asks', async () => {
    const { live } = liveAirports();
    const batch = defineBatch(airports, {
      load: (_codes: readonly string[]): Promise<{ iata: string }[]> => {
        throw new Error('a bug');
      },
      keyOf: (row) => row.iata,
      cache: { scope: 'none' },
    });
    expect(iatas(await batch.loadMany(contextOver([live]), ['A', 'B']))).toEqual([
      'a bug',
      'a bug',
    ]);
  });

  it('keeps keys in a URL under its length', async () => {
    const { live, asked } = liveAirports();
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      maxUrlBytes: 100,
      cache: { scope: 'none' },
    });
    const keys = Array.from({ length: 20 }, (_, index) => `é${index}`);
    const column = await batch.loadMany(contextOver([live]), keys);
    expect(iatas(column)).toEqual(keys);
    for (const codes of asked) {
      expect(codes.map(encodeURIComponent).join('%2C').length).toBeLessThanOrEqual(100);
    }
    expect(asked.length).toBeGreaterThan(1);
  });

  it('groups several rows of a key, an empty list for a gap', async () => {
    const { live } = liveAirports(() => [
      { iata: 'A', city: '1' },
      { iata: 'B', city: '2' },
      { iata: 'A', city: '3' },
    ]);
    const batch = defineBatch(airports, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      value: (airport) => airport.city,
      group: true,
      cache: { scope: 'none' },
    });
    const column = await batch.loadMany(contextOver([live]), ['A', 'B', 'C']);
    expect(column).toEqual([['1', '3'], ['2'], []]);
  });

  it('shares a call among keys with equal arguments only, and tells compound keys apart', async () => {
    const { live } = liveAirports();
    const asked: unknown[] = [];
    const batch = defineBatch(airports, {
      load: async (
        keys: readonly { from: string; to: string }[],
        _api,
        args: { first: number },
      ) => {
        asked.push([keys.length, args]);
        return keys.map((key) => ({ ...key, first: args.first }));
      },
      keyOf: (row) => row,
      keyToString: (key) => `${key.from}-${key.to}`,
      value: (row) => `${row.from}-${row.to} ${row.first}`,
      cache: { scope: 'public' },
    });
    const context = contextOver([live]);
    const values = await Promise.all([
      batch.load(context, { from: 'A', to: 'B' }, { first: 1 }),
      batch.load(context, { from: 'A', to: 'C' }, { first: 1 }),
      batch.load(context, { from: 'A', to: 'B' }, { first: 2 }),
    ]);
    expect(values).toEqual(['A-B 1', 'A-C 1', 'A-B 2']);
    expect(asked).toEqual([
      [2, { first: 1 }],
      [1, { first: 2 }],
    ]);
  });

  it('asks again for what was forgotten', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    const context = contextOver([live]);
    await batch.loadMany(context, ['A', 'B']);
    batch.forget(context, ['A']);
    await batch.loadMany(context, ['A', 'B']);
    await batch.load(contextOver([live]), 'A');
    expect(asked).toEqual([['A', 'B'], ['A']]);
  });

  it('sends nothing when the operation is over', async () => {
    const { live, asked } = liveAirports();
    const column = await airportByIata().loadMany(contextOver([live], { deadlineMs: 60 }), ['A']);
    expect(column).toMatchObject([{ code: 'UPSTREAM_TIMEOUT' }]);
    const left = await airportByIata().loadMany(
      contextOver([live], { signal: AbortSignal.abort() }),
      ['A'],
    );
    expect(left).toMatchObject([{ code: 'UPSTREAM_UNAVAILABLE' }]);
    expect(asked).toEqual([]);
  });
});
