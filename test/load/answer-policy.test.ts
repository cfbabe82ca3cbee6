import { describe, expect, it } from 'vitest';
import type { LiveBackend } from '../../src/backend/backend.ts';
import { BackendError } from '../../src/error.ts';
import { policyOf, watchViewer } from '../../src/load/answer-policy.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import type { BatchCache } from '../../src/load/batch.ts';
import { cacheControlOf } from '../../src/load/cache-control.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';
import {
  type AirportPaths,
  airportByIata,
  airports,
  everyAirport,
  liveAirports,
  taggedAirports,
} from './airports.ts';

const watched = (live: LiveBackend, subject?: string) =>
  watchViewer(contextOver([live], subject === undefined ? {} : { subject }));

const forMs = (ttlMs: number, scope: 'public' | 'viewer' = 'public'): BatchCache => ({
  scope,
  ttlMs,
});

describe('the policy of an answer', () => {
  it('counts a load whose token was refused once as one call', async () => {
    const { context, batch, calls } = refusingOnce();
    await batch.load(context, 'A');
    expect(calls.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer old',
      'Bearer new',
    ]);
    expect(context.calls).toHaveLength(1);
    expect(policyOf(context)).toMatchObject({ scope: 'viewer', lifetimeMs: 54_000 });
  });

  it('is public for the shortest lifetime of what went into it', async () => {
    const { live } = liveAirports();
    const context = watched(live);
    await airportByIata(forMs(60_000)).load(context, 'A');
    expect(policyOf(context)).toMatchObject({ scope: 'public', lifetimeMs: 54_000 });
    await taggedAirports(forMs(10_000)).loadMany(context, ['B', 'C']);
    expect(policyOf(context)).toMatchObject({
      scope: 'public',
      lifetimeMs: 9_000,
      tags: ['Airport:B', 'Airport:C'],
    });
    expect(cacheControlOf(policyOf(context))).toBe('public, max-age=9');
  });

  it('counts what is left of a value that was kept, and its tags', async () => {
    let time = 0;
    const { live } = liveAirports(everyAirport, () => time);
    const batch = taggedAirports(forMs(60_000));
    await batch.load(watched(live), 'A');
    time = 50_000;
    const context = watched(live);
    await batch.load(context, 'A');
    const { lifetimeMs, tags } = policyOf(context);
    expect(lifetimeMs).toBeGreaterThan(3_900);
    expect(lifetimeMs).toBeLessThan(16_100);
    expect(tags).toEqual(['Airport:A']);
  });

  it('is the viewer’s once something in it is', async () => {
    const { live } = liveAirports();
    const context = watched(live, 'ann');
    await airportByIata(forMs(60_000)).load(context, 'A');
    expect(policyOf(context).scope).toBe('public');
    await taggedAirports(forMs(10_000, 'viewer')).load(context, 'B');
    expect(policyOf(context)).toMatchObject({ scope: 'viewer', lifetimeMs: 9_000 });
    expect(cacheControlOf(policyOf(context))).toBe('private, max-age=9');
  });

  it('stays public when a backend’s own headers tell who asks: the batch has declared its scope', async () => {
    const told: (string | null)[] = [];
    const own = defineRestBackend<AirportPaths>({
      name: 'airports',
      endpoints: 'http://127.0.0.1:1',
      headers: ({ viewer }) => {
        told.push(viewer?.subject ?? null);
        return {};
      },
    });
    const { live } = liveAirports();
    const batch = defineBatch(own, {
      load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
      rows: (page) => page.items,
      keyOf: (airport) => airport.iata,
      cache: forMs(60_000),
    });
    const context = watched(live, 'ann');
    await batch.load(context, 'A');
    expect(told).toEqual(['ann']);
    expect(policyOf(context)).toMatchObject({ scope: 'public', lifetimeMs: 54_000 });
    expect(context.calls).toHaveLength(1);
  });

  it('is the viewer’s when a resolver asked who that is, or where they are, or nobody looked', async () => {
    const { live } = liveAirports();
    const batch = airportByIata(forMs(60_000));
    const reading = watched(live);
    await batch.load(reading, 'A');
    expect(reading.viewer).toBeNull();
    expect(policyOf(reading)).toMatchObject({ scope: 'viewer' });
    const placed = watched(live);
    await batch.load(placed, 'A');
    expect(placed.position).toBeUndefined();
    expect(policyOf(placed)).toMatchObject({ scope: 'viewer' });
    const unwatched = contextOver([live]);
    await batch.load(unwatched, 'A');
    expect(policyOf(unwatched)).toMatchObject({ scope: 'viewer' });
  });

  it.each<[string, (live: LiveBackend) => Promise<ReturnType<typeof watched>>]>([
    ['nothing was loaded', async (live) => watched(live)],
    [
      'a load is of scope none',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000)).load(context, 'A');
        await airportByIata({ scope: 'none' }).load(context, 'A');
        return context;
      },
    ],
    [
      'a load has no lifetime',
      async (live) => {
        const context = watched(live);
        await airportByIata({ scope: 'public' }).load(context, 'A');
        return context;
      },
    ],
    [
      'nobody asks for what is a viewer’s',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000, 'viewer')).load(context, 'A');
        return context;
      },
    ],
    [
      'a resolver called a backend itself',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000)).load(context, 'A');
        await airports.api(context).get('/airports', { query: { ids: ['B'] } });
        return context;
      },
    ],
    [
      'a resolver called a backend itself, and the token of a load was refused once',
      async () => {
        const { context, batch, api } = refusingOnce();
        await batch.load(context, 'A');
        await api.get('/airports', { query: { ids: ['B'] } });
        return context;
      },
    ],
    [
      'a resolver read how jobs stand',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000)).load(context, 'A');
        expect(context.events).toBeUndefined();
        return context;
      },
    ],
    [
      'there is a gap in it',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000)).loadMany(context, ['A', 'GAP']);
        return context;
      },
    ],
    [
      'a resolver swallowed an error',
      async (live) => {
        const context = watched(live);
        await airportByIata(forMs(60_000)).loadMany(context, ['A', 'DOWN']);
        return context;
      },
    ],
  ])('keeps nothing when %s', async (_when, operation) => {
    const { live } = liveAirports((codes, call) => {
      if (codes.includes('DOWN')) throw unavailable();
      return everyAirport(
        codes.filter((code) => code !== 'GAP'),
        call,
      );
    });
    const policy = policyOf(await operation(live));
    expect(policy.lifetimeMs).toBe(0);
    expect(cacheControlOf(policy)).toBe('no-store');
  });

  it('names the backends whose values are stale: 30 s while it asks, 5 min when asking fails', async () => {
    let time = 0;
    let isDown = false;
    const { live } = liveAirports(
      (codes, call) => {
        if (isDown) throw unavailable();
        return everyAirport(codes, call);
      },
      () => time,
    );
    const batch = airportByIata(forMs(10_000));
    await batch.load(watched(live), 'A');
    isDown = true;
    const at = async (ms: number) => {
      time = ms;
      const context = watched(live);
      const [value] = await batch.loadMany(context, ['A']);
      const { staleBackends, lifetimeMs } = policyOf(context);
      await new Promise((resolve) => setImmediate(resolve));
      return [value instanceof Error ? value.message : value?.iata, [...staleBackends], lifetimeMs];
    };
    expect(await at(12_000)).toEqual(['A', ['airports'], 0]);
    expect(await at(38_000)).toEqual(['A', ['airports'], 0]);
    expect(await at(300_000)).toEqual(['A', ['airports'], 0]);
    expect(await at(312_000)).toEqual(['down', [], 0]);
  });

  it('of a viewer’s value is never stale by default', async () => {
    let time = 0;
    let isDown = false;
    const { live } = liveAirports(
      (codes, call) => {
        if (isDown) throw unavailable();
        return everyAirport(codes, call);
      },
      () => time,
    );
    const batch = airportByIata(forMs(10_000, 'viewer'));
    await batch.load(watched(live, 'ann'), 'A');
    isDown = true;
    time = 12_000;
    const context = watched(live, 'ann');
    expect(await batch.loadMany(context, ['A'])).toEqual([unavailable()]);
    expect(policyOf(context).staleBackends.size).toBe(0);
  });
});

/** An airports backend that refuses the first token it is shown, and an operation over it. */
function refusingOnce() {
  const backend = defineRestBackend<AirportPaths>({
    name: 'airports',
    endpoints: 'http://127.0.0.1:1',
    auth: { audience: 'urn:airports' },
  });
  const { live, calls } = liveAirports((codes, call) => {
    if (calls.length > 1) return everyAirport(codes, call);
    throw new BackendError({ code: 'UNAUTHENTICATED', backend: 'airports', message: 'old' });
  });
  const batch = defineBatch(backend, {
    load: (codes: readonly string[], api) => api.get('/airports', { query: { ids: codes } }),
    rows: (page) => page.items,
    keyOf: (airport) => airport.iata,
    cache: forMs(60_000, 'viewer'),
  });
  const tokenFor = (_audience: string, refused?: string) => (refused === undefined ? 'old' : 'new');
  const context = watchViewer({ ...contextOver([live], { subject: 'ann' }), tokenFor });
  return { context, batch, api: backend.api(context), calls };
}

function unavailable() {
  return new BackendError({ code: 'UPSTREAM_UNAVAILABLE', backend: 'airports', message: 'down' });
}
