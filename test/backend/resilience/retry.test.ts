import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callOf, failure, ok, rigOf, timeout, unavailable } from './fake-wire.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The outcome of a promise, with the clock run on until it settles. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const seen = { settled: false };
  const settle = (): void => {
    seen.settled = true;
  };
  void promise.then(settle, settle);
  while (!seen.settled) await vi.advanceTimersByTimeAsync(5);
  return promise;
}

/** Fails as told the first time, then answers. */
function once(facts: Parameters<typeof failure>[0]) {
  let failed = false;
  return () => {
    if (failed) return 'ok';
    failed = true;
    throw failure(facts);
  };
}

const noBreaker = { breaker: false } as const;

describe('a retry', () => {
  it('follows a failure that may pass, after 25 to 250 ms', async () => {
    for (const [random, delayMs] of [
      [0, 25],
      [0.5, 137.5],
      [0.999, 249.8],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const rig = rigOf({ a: once({ transient: true }) });
      const startedAt = performance.now();
      expect(await settled(rig.send())).toBe('ok');
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delayMs - 1);
      expect(performance.now() - startedAt).toBeLessThan(delayMs + 10);
    }
  });

  it('is one at most', async () => {
    const rig = rigOf({ a: unavailable });
    expect(await settled(rig.send())).toBe('UPSTREAM_UNAVAILABLE');
    expect(rig.asked).toHaveLength(2);
    expect(rig.transport.state()).toMatchObject({ calls: 1, retries: 1 });
  });

  it('is counted in the record of its call', async () => {
    const call = callOf();
    await settled(rigOf({ a: once({ transient: true }) }).transport.call(call));
    expect(call.record).toMatchObject({ attempts: 2, endpoint: 'a' });
  });

  it.each([
    ['a timeout', timeout],
    ['500', () => Promise.reject(failure({ blamed: true }))],
  ])('never follows %s', async (_name, behaviour) => {
    const rig = rigOf({ a: behaviour });
    await settled(rig.send());
    expect(rig.asked).toHaveLength(1);
  });

  it.each([
    ['a write', {}, 1],
    ['a write of which nothing was sent', { unsent: true }, 2],
  ])('of %s', async (_name, facts, attempts) => {
    const rig = rigOf({ a: once({ transient: true, ...facts }) });
    await settled(rig.send({ operation: 'POST /bookings', idempotent: false }));
    expect(rig.asked).toHaveLength(attempts);
  });

  it('waits as long as the backend asks, unless that is past the deadline', async () => {
    const patient = rigOf({ a: once({ transient: true, retryAfterMs: 800 }) });
    const startedAt = performance.now();
    expect(await settled(patient.send())).toBe('ok');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(800);
    const hasty = rigOf({ a: once({ transient: true, retryAfterMs: 2_000 }) });
    expect(await settled(hasty.send())).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('ends with its client while it waits', async () => {
    const leaving = new AbortController();
    const rig = rigOf({ a: unavailable });
    const sent = rig.send({ signal: leaving.signal });
    await vi.advanceTimersByTimeAsync(1);
    leaving.abort();
    expect(await sent).toBe('UPSTREAM_UNAVAILABLE');
    expect(rig.asked).toHaveLength(1);
  });

  it('keeps attempts over calls at 1.1, and three a second besides', async () => {
    const rig = rigOf({ a: unavailable }, { ...noBreaker, bulkhead: { maxInFlight: 10_000 } });
    for (let second = 0; second < 10; second++) {
      const sent = Array.from({ length: 100 }, () => rig.send());
      await vi.advanceTimersByTimeAsync(1_000);
      await Promise.all(sent);
    }
    const retries = rig.asked.length - 1_000;
    expect(retries).toBeGreaterThanOrEqual(90);
    expect(retries).toBeLessThanOrEqual(100 + 30);
    const { calls, retries: counted, retriesRefused } = rig.transport.state();
    expect(counted + retriesRefused).toBe(calls);
  });

  it('with an open breaker, keeps them at 1.1 in all', async () => {
    const rig = rigOf({ a: unavailable });
    for (let second = 0; second < 10; second++) {
      const sent = Array.from({ length: 100 }, () => rig.send());
      await vi.advanceTimersByTimeAsync(1_000);
      await Promise.all(sent);
    }
    expect(rig.asked.length).toBeLessThan(1_100);
  });

  it('is not waited for where the breaker would refuse it, and never hides what failed', async () => {
    const rig = rigOf({ a: unavailable });
    await settled(Promise.all(Array.from({ length: 40 }, () => rig.send())));
    expect(await rig.send()).toBe('CIRCUIT_OPEN');
    await vi.advanceTimersByTimeAsync(5_000);
    const asked = rig.asked.length;
    const probes = [rig.send(), rig.send(), rig.send()];
    const startedAt = performance.now();
    expect(await probes[2]).toBe('UPSTREAM_UNAVAILABLE');
    expect(performance.now()).toBe(startedAt);
    expect(await settled(Promise.all(probes))).toEqual(Array(3).fill('UPSTREAM_UNAVAILABLE'));
    expect(rig.asked.length - asked).toBe(3);
  });

  it('replaces a stale connection at once, on one of its own, outside the budget', async () => {
    const fresh: unknown[] = [];
    const first = once({ staleConnection: true, transient: true });
    const rig = rigOf(
      {
        a: (call) => {
          fresh.push(call.freshConnection);
          return first();
        },
      },
      { retries: 0 },
    );
    expect(await rig.send()).toBe('ok');
    expect(fresh).toEqual([undefined, true]);
    const write = rigOf({ a: once({ staleConnection: true, transient: true }) });
    expect(await write.send({ operation: 'POST /x', idempotent: false })).toBe(
      'UPSTREAM_UNAVAILABLE',
    );
  });

  it('is off for an operation, or under a mesh', async () => {
    const operations = { 'GET /airports': { retries: 0 } };
    for (const policy of [{ operations }, { resilience: 'mesh' as const }]) {
      const rig = rigOf({ a: unavailable }, policy);
      await settled(rig.send());
      expect(rig.asked).toHaveLength(1);
    }
  });

  it('asks another endpoint', async () => {
    for (let round = 0; round < 20; round++) {
      const rig = rigOf({ a: unavailable, b: ok });
      expect(await settled(rig.send())).toBe('ok');
      expect(rig.asked.at(-1)).toBe('b');
    }
  });
});

describe('hedging', () => {
  const hedging = { percentile: 0.9, maxShare: 0.5 };

  /** Answers after 10 ms, until told to be slow once. */
  function slowOnce() {
    const slow = { next: false, cancelled: 0 };
    const behaviour = (call: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        const tookMs = slow.next ? 900 : 10;
        slow.next = false;
        const timer = setTimeout(resolve, tookMs, tookMs);
        call.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          slow.cancelled += 1;
          reject(failure({}));
        });
      });
    return { slow, behaviour };
  }

  it('asks once more when an answer takes longer than most, and cancels the slower', async () => {
    const { slow, behaviour } = slowOnce();
    const rig = rigOf({ a: behaviour }, { hedging });
    for (let call = 0; call < 40; call++) expect(await settled(rig.send())).toBe(10);
    slow.next = true;
    expect(await settled(rig.send())).toBe(10);
    expect(slow.cancelled).toBe(1);
    expect(rig.transport.state().hedges).toBe(1);
  });

  it('is for reads only, off by default, and bounded in number', async () => {
    for (const [policy, call] of [
      [{}, {}],
      [{ hedging }, { headers: { 'idempotency-key': 'k' } }],
      [{ hedging: { ...hedging, maxShare: 0.001 } }, {}],
    ] as const) {
      const { slow, behaviour } = slowOnce();
      const rig = rigOf({ a: behaviour }, policy);
      for (let sent = 0; sent < 40; sent++) await settled(rig.send(call));
      slow.next = true;
      expect(await settled(rig.send(call))).toBe(900);
    }
  });

  it('fails when both attempts do', async () => {
    const rig = rigOf(
      { a: (call) => (call.headers['x'] === '1' ? timeout(call) : 'ok') },
      { hedging },
    );
    await rig.sendAll(40);
    expect(await settled(rig.send({ headers: { x: '1' } }))).toBe('UPSTREAM_TIMEOUT');
  });
});
