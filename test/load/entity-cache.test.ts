import { describe, expect, it } from 'vitest';
import { BackendError } from '../../src/error.ts';
import { contextOver } from '../backend/request-context.ts';
import { airportByIata, everyAirport, gate, liveAirports, settled } from './airports.ts';

/** A clock that moves when told. */
function fakeClock() {
  let time = 1_000_000;
  const now = (): number => time;
  return { now, pass: (ms: number) => void (time += ms) };
}

const unavailable = () =>
  new BackendError({ code: 'UPSTREAM_UNAVAILABLE', backend: 'airports', message: 'down' });

describe('what operations share', () => {
  it('is a public value, for its lifetime of ±10 %', async () => {
    const clock = fakeClock();
    const { live, asked } = liveAirports(everyAirport, clock.now);
    const batch = airportByIata({ scope: 'public', ttlMs: 1_000, staleWhileRevalidateMs: 0 });
    const first = await batch.load(contextOver([live]), 'A');
    clock.pass(890);
    const column = batch.loadMany(contextOver([live]), ['A']);
    expect(column).toEqual([first]);
    clock.pass(220);
    await batch.load(contextOver([live]), 'A');
    expect(asked).toEqual([['A'], ['A']]);
  });

  it('is never the value of another viewer', async () => {
    let calls = 0;
    const { live, asked } = liveAirports((codes) =>
      codes.map((iata) => ({ iata, city: `call ${++calls}` })),
    );
    const batch = airportByIata({ scope: 'viewer', ttlMs: 60_000 });
    const load = (subject?: string) =>
      batch.load(contextOver([live], subject === undefined ? {} : { subject }), 'A');
    const [ann, bob] = await Promise.all([load('ann'), load('bob')]);
    expect([ann?.city, bob?.city]).toEqual(['call 1', 'call 2']);
    expect((await load('ann'))?.city).toBe('call 1');
    expect((await load('bob'))?.city).toBe('call 2');
    expect((await load())?.city).toBe('call 3');
    expect((await load())?.city).toBe('call 4');
    expect(asked).toHaveLength(4);
  });

  it('is never the same viewer’s value with other rights, kept or on its way', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata({ scope: 'viewer', ttlMs: 60_000 });
    const rights = [
      { scopes: [] },
      { scopes: ['read'] },
      { scopes: ['read', 'write'] },
      { scopes: ['read write'] },
      { scopes: [], roles: ['read'] },
      { scopes: Array.from({ length: 40 }, (_, index) => `scope-${index}`) },
      { scopes: Array.from({ length: 40 }, (_, index) => `scope-${index + 1}`) },
    ];
    const load = (options: (typeof rights)[number]) =>
      batch.load(contextOver([live], { subject: 'ann', ...options }), 'A');
    await Promise.all(rights.map(load));
    expect(asked).toHaveLength(rights.length);
    await Promise.all([...rights, { scopes: ['write', 'read'] }].map(load));
    expect(asked).toHaveLength(rights.length);
  });

  it('tells a viewer and a key apart, whatever is in them', async () => {
    const { live, asked } = liveAirports();
    const batch = airportByIata({ scope: 'viewer', ttlMs: 60_000 });
    await batch.load(contextOver([live], { subject: 'a' }), '"]b');
    await batch.load(contextOver([live], { subject: 'a"]' }), 'b');
    expect(asked).toHaveLength(2);
  });

  it('is the call in flight: one waiter leaving does not fail the others', async () => {
    const open = gate();
    const { live, asked, calls } = liveAirports(async (codes, call) => {
      await open.promise;
      return everyAirport(codes, call);
    });
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    const leaving = new AbortController();
    const first = batch.loadMany(contextOver([live], { signal: leaving.signal }), ['A']);
    await settled();
    const others = Array.from({ length: 99 }, () => batch.load(contextOver([live]), 'A'));
    await settled();
    leaving.abort();
    expect(await first).toMatchObject([{ code: 'UPSTREAM_UNAVAILABLE' }]);
    expect(calls[0]!.signal.aborted).toBe(false);
    open.resolve();
    const answers = await Promise.all(others);
    expect(answers.filter((answer) => answer?.iata === 'A')).toHaveLength(99);
    expect(asked).toEqual([['A']]);
  });

  it('is cut when the last waiter leaves, and asked anew by the next', async () => {
    let hang = true;
    const { live, calls } = liveAirports((codes, call) =>
      hang ? new Promise(() => {}) : everyAirport(codes, call),
    );
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    const leaving = new AbortController();
    const waiting = [1, 2].map(() =>
      batch.loadMany(contextOver([live], { signal: leaving.signal }), ['A']),
    );
    await settled();
    leaving.abort();
    await Promise.all(waiting);
    expect(calls.map((call) => call.signal.aborted)).toEqual([true]);
    hang = false;
    expect(await batch.load(contextOver([live]), 'A')).toMatchObject({ iata: 'A' });
  });

  it('outlives the deadline of who started it', async () => {
    const open = gate();
    const { live, asked } = liveAirports(async (codes, call) => {
      await open.promise;
      return everyAirport(codes, call);
    });
    const batch = airportByIata({ scope: 'public' });
    const hurried = batch.loadMany(contextOver([live], { deadlineMs: 90 }), ['A']);
    await settled();
    const patient = batch.load(contextOver([live]), 'A');
    expect(await hurried).toMatchObject([{ code: 'UPSTREAM_TIMEOUT' }]);
    open.resolve();
    expect(await patient).toMatchObject({ iata: 'A' });
    expect(asked).toEqual([['A']]);
  });

  it('is a stale value while it is asked for again behind it, once', async () => {
    const clock = fakeClock();
    let version = 0;
    const open = gate();
    const { live, asked } = liveAirports(async (codes) => {
      version += 1;
      if (version === 2) await open.promise;
      return codes.map((iata) => ({ iata, city: `v${version}` }));
    }, clock.now);
    const batch = airportByIata({
      scope: 'public',
      ttlMs: 1_000,
      staleWhileRevalidateMs: 5_000,
    });
    await batch.load(contextOver([live]), 'A');
    clock.pass(2_000);
    const leaving = new AbortController();
    const stale = batch.loadMany(contextOver([live], { signal: leaving.signal }), ['A']);
    expect(stale).toMatchObject([{ city: 'v1' }]);
    await settled();
    leaving.abort();
    expect(batch.loadMany(contextOver([live]), ['A'])).toMatchObject([{ city: 'v1' }]);
    await settled();
    open.resolve();
    await settled();
    expect(batch.loadMany(contextOver([live]), ['A'])).toMatchObject([{ city: 'v2' }]);
    clock.pass(7_000);
    expect(await batch.load(contextOver([live]), 'A')).toMatchObject({ city: 'v3' });
    expect(asked).toHaveLength(3);
  });

  it('is a stale value when the backend fails, for as long as that is allowed', async () => {
    const clock = fakeClock();
    let broken: (() => Error) | undefined;
    const { live } = liveAirports((codes, call) => {
      if (broken) throw broken();
      return everyAirport(codes, call);
    }, clock.now);
    const batch = airportByIata({
      scope: 'public',
      ttlMs: 1_000,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 10_000,
    });
    const load = () => batch.loadMany(contextOver([live]), ['A']);
    await load();
    broken = unavailable;
    clock.pass(5_000);
    expect(await load()).toMatchObject([{ iata: 'A' }]);
    broken = () =>
      new BackendError({ code: 'FORBIDDEN', backend: 'airports', message: 'not for you' });
    expect(await load()).toMatchObject([{ code: 'FORBIDDEN' }]);
    broken = unavailable;
    clock.pass(10_000);
    expect(await load()).toMatchObject([{ code: 'UPSTREAM_UNAVAILABLE' }]);
  });

  it('is no gap and no error: what comes to exist is seen at once', async () => {
    const existing = new Set<string>();
    const { live, asked } = liveAirports((codes) =>
      codes.filter((iata) => existing.has(iata)).map((iata) => ({ iata, city: '' })),
    );
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    expect(await batch.load(contextOver([live]), 'A')).toBeNull();
    existing.add('A');
    expect(await batch.load(contextOver([live]), 'A')).toMatchObject({ iata: 'A' });
    expect(asked).toHaveLength(2);
  });

  it('stays within its bytes', async () => {
    const { live, asked } = liveAirports((codes) =>
      codes.map((iata) => ({ iata, city: 'x'.repeat(1_000) })),
    );
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000, maxBytes: 10_000 });
    const keys = [...'ABCDEFGHIJ'];
    await batch.loadMany(contextOver([live]), keys);
    await batch.loadMany(contextOver([live]), keys.toReversed());
    expect(asked[1]!.length).toBeGreaterThan(4);
    expect(asked[1]!.length).toBeLessThan(10);
    await batch.loadMany(contextOver([live]), ['J', 'I']);
    expect(asked).toHaveLength(3);
  });

  it('dies with its server', async () => {
    const batch = airportByIata({ scope: 'public', ttlMs: 60_000 });
    const [one, other] = [liveAirports(), liveAirports()];
    await batch.load(contextOver([one.live]), 'A');
    await batch.load(contextOver([other.live]), 'A');
    expect([one.asked, other.asked]).toEqual([[['A']], [['A']]]);
  });
});
