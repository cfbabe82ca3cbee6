import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ResilienceEvent, resilienceEvents } from '../../../src/backend/resilience/events.ts';
import { type Behaviour, broken, failure, ok, rigOf, timeout } from './fake-wire.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const phaseOf = ({ transport }: ReturnType<typeof rigOf>, operation = 'GET /airports') =>
  transport.state().endpoints[0]!.breakers.find((each) => each.operation === operation)?.phase;

describe('a breaker', () => {
  it('opens after half of twenty calls failed, and refuses without asking', async () => {
    let calls = 0;
    const rig = rigOf({ a: () => (calls++ % 2 === 0 ? 'ok' : broken(null as never)) });
    await rig.sendAll(19);
    expect(phaseOf(rig)).toBe('closed');
    await rig.send();
    expect(phaseOf(rig)).toBe('open');
    expect(await rig.send()).toBe('CIRCUIT_OPEN');
    expect(rig.asked).toHaveLength(20);
  });

  it.each<[string, Behaviour]>([
    ['4xx', () => Promise.reject(failure({}, 'BAD_USER_INPUT'))],
    ['429', () => Promise.reject(failure({ transient: false }, 'RATE_LIMITED'))],
    ['a stale connection', () => Promise.reject(failure({ staleConnection: true }))],
  ])('does not count %s', async (_name, behaviour) => {
    const rig = rigOf({ a: behaviour });
    await rig.sendAll(50);
    expect(phaseOf(rig)).toBe('closed');
  });

  it('does not count calls that their client left', async () => {
    const left = AbortSignal.abort();
    const rig = rigOf({ a: broken });
    await rig.sendAll(50, { signal: left });
    expect(phaseOf(rig)).toBe('closed');
  });

  it('counts timeouts, for their operation alone', async () => {
    const rig = rigOf({ a: (call) => (call.operation === 'GET /slow' ? timeout(call) : 'ok') });
    await rig.sendAll(20, { operation: 'GET /slow' });
    expect(await rig.send({ operation: 'GET /slow' })).toBe('CIRCUIT_OPEN');
    expect(await rig.send()).toBe('ok');
  });

  it('says nothing of under twenty calls in ten seconds', async () => {
    const rig = rigOf({ a: broken });
    for (let second = 0; second < 40; second++) {
      await rig.send();
      await pass(1_000);
    }
    expect(phaseOf(rig)).toBe('closed');
  });

  it('is not outvoted for long by good calls before: opens within 2.5 s of a busy backend failing', async () => {
    let behaviour = ok;
    const rig = rigOf({ a: (call) => behaviour(call) });
    for (let tick = 0; tick < 400; tick++, await pass(25)) await rig.send();
    behaviour = broken;
    let ticks = 0;
    for (; phaseOf(rig) === 'closed'; ticks++, await pass(25)) await rig.send();
    expect(ticks * 25).toBeLessThanOrEqual(2_500);
  });

  it('closes after three probes, sent together at most', async () => {
    let behaviour: Behaviour = broken;
    const rig = rigOf({ a: (call) => behaviour(call) });
    await rig.sendAll(20);
    behaviour = () => new Promise((resolve) => setTimeout(resolve, 50, 'ok'));
    await pass(4_900);
    expect(await rig.send()).toBe('CIRCUIT_OPEN');
    await pass(200);
    const sent = Promise.all([rig.send(), rig.send(), rig.send(), rig.send()]);
    expect(phaseOf(rig)).toBe('half-open');
    await pass(60);
    expect(await sent).toEqual(['ok', 'ok', 'ok', 'CIRCUIT_OPEN']);
    expect(phaseOf(rig)).toBe('closed');
  });

  it('stays open twice as long after each failed probe, up to a minute', async () => {
    const rig = rigOf({ a: broken });
    await rig.sendAll(20);
    const openMs: number[] = [];
    for (let opening = 0; opening < 6; opening++) {
      let waited = 0;
      while ((await rig.send()) === 'CIRCUIT_OPEN') {
        await pass(500);
        waited += 500;
      }
      await rig.send();
      openMs.push(waited);
    }
    expect(openMs).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('closes though one of three probes fails', async () => {
    let calls = 0;
    const rig = rigOf({ a: (call) => (calls++ < 21 ? broken(call) : 'ok') });
    await rig.sendAll(20);
    await pass(5_100);
    expect(await rig.sendAll(3)).toEqual(['UPSTREAM_UNAVAILABLE', 'ok', 'ok']);
    expect(phaseOf(rig)).toBe('closed');
  });

  it('gives a probe back that its client left', async () => {
    let behaviour = broken;
    const rig = rigOf({ a: (call) => behaviour(call) }, { breaker: { probes: 1 } });
    await rig.sendAll(20);
    await pass(5_100);
    await rig.send({ signal: AbortSignal.abort() });
    behaviour = ok;
    expect(await rig.send()).toBe('ok');
    expect(phaseOf(rig)).toBe('closed');
  });

  it('never opens where it is off, and leaves everything to a mesh', async () => {
    const off = rigOf({ a: broken }, { operations: { 'GET /airports': { breaker: false } } });
    const mesh = rigOf({ a: broken }, { resilience: 'mesh' });
    for (const rig of [off, mesh]) {
      await rig.sendAll(100);
      expect(rig.asked).toHaveLength(100);
    }
  });

  it('tells who listens', async () => {
    const events: ResilienceEvent[] = [];
    const listen = (event: unknown): void => void events.push(event as ResilienceEvent);
    resilienceEvents.subscribe(listen);
    await rigOf({ a: broken }).sendAll(21);
    resilienceEvents.unsubscribe(listen);
    expect(events).toEqual([
      {
        kind: 'breaker',
        backend: 'airports',
        endpoint: 'a',
        operation: 'GET /airports',
        phase: 'open',
      },
    ]);
  });
});
