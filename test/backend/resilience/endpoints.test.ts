import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Behaviour, broken, ok, refused, rigOf } from './fake-wire.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const noRetry = { retries: 0, breaker: false } as const;
const write = { operation: 'POST /bookings', idempotent: false };
const healthOf = ({ transport }: ReturnType<typeof rigOf>) =>
  Object.fromEntries(transport.state().endpoints.map((each) => [each.endpoint, each.health]));
const after =
  (ms: number): Behaviour =>
  () =>
    new Promise((resolve) => setTimeout(resolve, ms, 'ok'));

describe('balancing', () => {
  it('spreads calls over endpoints alike', async () => {
    const rig = rigOf({ a: ok, b: ok, c: ok });
    await rig.sendAll(600);
    for (const count of Object.values(rig.tally())) expect(count).toBeGreaterThan(120);
  });

  it('follows weights', async () => {
    const rig = rigOf({ a: ok, b: ok }, {}, { a: { weight: 3 } });
    await rig.sendAll(1_000);
    expect(rig.tally()['a']).toBeGreaterThan(680);
  });

  it('prefers who answers sooner, and tries the slower again later', async () => {
    const rig = rigOf({ fast: after(5), slow: after(100) });
    const run = async (calls: number): Promise<void> => {
      for (let sent = 0; sent < calls; sent++) {
        void rig.send();
        await pass(20);
      }
    };
    await run(100);
    expect(rig.tally()['slow']).toBeLessThan(10);
    await pass(30_000);
    await run(10);
    expect(rig.tally()['slow']).toBeGreaterThan(0);
  });

  it('leaves an endpoint alone that has much to answer still', async () => {
    const rig = rigOf({ a: ok, stuck: after(900) });
    void rig.sendAll(1);
    for (let sent = 0; sent < 200; sent++) void rig.send();
    await pass(0);
    expect(rig.tally()['stuck']).toBeLessThan(110);
  });

  it('keeps to its own zone while enough of it is healthy', async () => {
    let near: Behaviour = ok;
    const rig = rigOf(
      { 'eu-1': (call) => near(call), 'us-1': ok, 'us-2': ok },
      { ...noRetry, zone: 'eu' },
      { 'eu-1': { zone: 'eu' }, 'us-1': { zone: 'us' }, 'us-2': { zone: 'us' } },
    );
    await rig.sendAll(20);
    expect(rig.tally()).toEqual({ 'eu-1': 20 });
    near = broken;
    await rig.sendAll(20);
    expect(rig.tally()['eu-1']).toBe(5);
  });

  it('goes past an open breaker', async () => {
    const policy = { retries: 0, outlierEjection: false } as const;
    const rig = rigOf({ a: ok, b: broken }, policy);
    await rig.sendAll(200);
    rig.tally();
    expect(await rig.sendAll(20)).not.toContain('CIRCUIT_OPEN');
    expect(rig.tally()).toEqual({ a: 20 });
  });
});

describe('outlier ejection', () => {
  it('takes one of three out after five failures in a row, longer each time', async () => {
    const rig = rigOf({ a: ok, b: ok, bad: broken }, noRetry);
    const ejectedFor = async (): Promise<number> => {
      while (healthOf(rig)['bad'] === 'healthy') await rig.send();
      rig.tally();
      for (let seconds = 0; ; seconds++) {
        await rig.sendAll(20);
        if (rig.tally()['bad'] !== undefined) return seconds;
        await pass(1_000);
      }
    };
    expect(await ejectedFor()).toBe(30);
    expect(await ejectedFor()).toBe(60);
  });

  it('needs failures in a row, and none of 4xx', async () => {
    let calls = 0;
    const rig = rigOf({ a: ok, flaky: () => (calls++ % 4 === 0 ? 'ok' : broken(null as never)) });
    await rig.sendAll(200, write);
    expect(healthOf(rig)).toEqual({ a: 'healthy', flaky: 'healthy' });
  });

  it('takes out at most half, and none when all are bad', async () => {
    const behaviours: Record<string, Behaviour> = { a: broken, b: broken, c: ok, d: ok };
    const rig = rigOf(
      Object.fromEntries(
        Object.keys(behaviours).map((host) => [host, (call) => behaviours[host]!(call)]),
      ),
      noRetry,
    );
    await rig.sendAll(100);
    expect(healthOf(rig)).toEqual({ a: 'ejected', b: 'ejected', c: 'healthy', d: 'healthy' });
    behaviours['c'] = broken;
    await rig.sendAll(30);
    expect(healthOf(rig)['c']).toBe('healthy');
    behaviours['d'] = broken;
    await rig.sendAll(60);
    expect(Object.values(healthOf(rig))).toContain('healthy');
    expect(new Set(Object.keys(rig.tally()))).toEqual(new Set(['a', 'b', 'c', 'd']));
  });
});

describe('failover', () => {
  const endpoints = { b: { priority: 1 } };

  it('asks the next priority when this one is bad, and returns after 30 s of health', async () => {
    let primary: Behaviour = refused;
    const rig = rigOf({ a: (call) => primary(call), b: ok }, noRetry, endpoints);
    await rig.sendAll(10);
    expect(rig.tally()).toEqual({ a: 5, b: 5 });
    expect(rig.transport.state().priority).toBe(1);
    primary = ok;
    const returned: Record<number, string | undefined> = {};
    for (let seconds = 1; seconds <= 65; seconds++) {
      await pass(1_000);
      await rig.send();
      returned[seconds] = rig.asked.pop();
    }
    expect([returned[59], returned[61]]).toEqual(['b', 'a']);
  });

  it('retries a read at the next priority already before', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const rig = rigOf({ a: refused, b: ok }, {}, endpoints);
    const sent = rig.send();
    await pass(30);
    expect(await sent).toBe('ok');
    expect(rig.asked).toEqual(['a', 'b']);
    vi.restoreAllMocks();
  });

  it('keeps writes at home, unless they are declared safe elsewhere', async () => {
    for (const [writes, home] of [
      [false, 'a'],
      [true, 'b'],
    ] as const) {
      const rig = rigOf({ a: refused, b: ok }, { ...noRetry, failover: { writes } }, endpoints);
      await rig.sendAll(5);
      rig.tally();
      await rig.sendAll(3, write);
      await rig.sendAll(3, { headers: { 'idempotency-key': 'k' } });
      expect(rig.tally()).toEqual({ [home]: 6 });
      await rig.sendAll(3);
      expect(rig.tally()).toEqual({ b: 3 });
    }
  });

  it('stays while half of a priority is healthy', async () => {
    const rig = rigOf({ a1: broken, a2: ok, b: ok }, noRetry, endpoints);
    await rig.sendAll(50);
    rig.tally();
    await rig.sendAll(10);
    expect(rig.tally()).toEqual({ a2: 10 });
  });
});

describe('a traffic split', () => {
  const endpoints = { canary: { group: 'canary' } };

  it('goes by percentage of viewers, the same ones each time', async () => {
    const rig = rigOf({ main: ok, canary: ok }, { split: { canary: { percent: 20 } } }, endpoints);
    const sides: (string | undefined)[] = [];
    for (let round = 0; round < 2; round++) {
      for (let viewer = 0; viewer < 1_000; viewer++) await rig.send({ caller: `viewer-${viewer}` });
      sides.push(rig.asked.splice(0).join());
    }
    expect(sides[0]).toBe(sides[1]);
    const share = sides[0]!.split('canary').length - 1;
    expect(share).toBeGreaterThan(150);
    expect(share).toBeLessThan(250);
  });

  it('goes by client', async () => {
    const policy = { split: { canary: { clients: ['ios-beta'] } } };
    const rig = rigOf({ main: ok, canary: ok }, policy, endpoints);
    await rig.sendAll(5, { headers: { 'x-client-name': 'ios-beta' } });
    await rig.sendAll(5, { headers: { 'x-client-name': 'ios' } });
    expect(rig.tally()).toEqual({ canary: 5, main: 5 });
  });

  it('falls back when its side is unhealthy', async () => {
    const policy = { ...noRetry, split: { canary: { percent: 100 } } };
    const rig = rigOf({ main: ok, canary: broken }, policy, endpoints);
    expect((await rig.sendAll(10)).slice(5)).toEqual(Array.from({ length: 5 }, () => 'ok'));
  });

  it('is refused when it does not add up', () => {
    expect(() => rigOf({ main: ok, canary: ok }, {}, endpoints)).toThrow(
      'backend "airports": endpoints of group "canary" get no calls; name it in policy.split',
    );
    const split = { canary: { percent: 60 }, other: { percent: 50 } };
    expect(() => rigOf({ main: ok, canary: ok }, { split }, endpoints)).toThrow(
      'the percentages of policy.split must come to at most 100, but got: 110',
    );
    expect(() =>
      rigOf(
        { canary: ok, more: ok },
        { split: { canary: { percent: 5 } } },
        { ...endpoints, more: { group: 'canary' } },
      ),
    ).toThrow('every endpoint has a group; at least one must have none');
    expect(() => rigOf({ a: ok, b: ok }, { resilience: 'mesh' })).toThrow(
      'with policy.resilience "mesh" the mesh balances; expected one endpoint, but got: 2',
    );
  });
});

describe('health checks', () => {
  it('keep calls from an endpoint that fails them, and bring it back', async () => {
    let healthy = true;
    const rig = rigOf(
      { a: ok, b: (call) => (call.operation === 'probe' ? healthy : 'ok') },
      { healthCheck: { intervalMs: 1_000 } },
    );
    await pass(0);
    healthy = false;
    await pass(2_500);
    expect(healthOf(rig)).toEqual({ a: 'healthy', b: 'unhealthy' });
    await rig.sendAll(20);
    expect(rig.tally()).toEqual({ a: 20 });
    healthy = true;
    await pass(2_500);
    await rig.sendAll(50);
    expect(rig.tally()['b']).toBeGreaterThan(0);
    await rig.transport.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
