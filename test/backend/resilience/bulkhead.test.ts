import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rigOf } from './fake-wire.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An endpoint that answers when told to. */
function held(policy = {}) {
  const answers: (() => void)[] = [];
  const rig = rigOf(
    { a: () => new Promise((resolve) => answers.push(() => resolve('ok'))) },
    policy,
  );
  return { answers, ...rig };
}

const many = (count: number, send: () => Promise<unknown>): Promise<unknown>[] =>
  Array.from({ length: count }, send);

describe('a bulkhead', () => {
  it('has 64 in flight, 64 waiting at most 100 ms, and refuses the rest at once', async () => {
    const { send, asked, transport } = held();
    const sent = many(130, () => send());
    expect(await Promise.all(sent.slice(128))).toEqual([
      'UPSTREAM_OVERLOADED',
      'UPSTREAM_OVERLOADED',
    ]);
    expect(asked).toHaveLength(64);
    expect(transport.state().endpoints[0]).toMatchObject({
      inFlight: 64,
      waiting: 64,
      overloaded: 2,
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(sent.slice(64, 128))).toEqual(
      Array.from({ length: 64 }, () => 'UPSTREAM_OVERLOADED'),
    );
    expect(transport.state().endpoints[0]).toMatchObject({ waiting: 0, overloaded: 66 });
  });

  it('hands a place on to who waits longest, and leaks none', async () => {
    const { send, answers, asked, transport } = held({ bulkhead: { maxInFlight: 1 } });
    const first = send();
    const second = send();
    const third = send();
    for (const sent of [first, second, third]) {
      answers.shift()!();
      expect(await sent).toBe('ok');
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(asked).toHaveLength(3);
    expect(transport.state().endpoints[0]).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives each viewer and address a turn, however many calls one of them has', async () => {
    const { send, answers, asked } = held({ bulkhead: { maxInFlight: 1 } });
    const order: string[] = [];
    const sendOf = (flow: string) => void send({ flow }).then(() => order.push(flow));
    for (let count = 0; count < 6; count += 1) sendOf('crowd');
    sendOf('ada');
    sendOf('bo');
    sendOf('ada');
    for (let count = 0; count < 9; count += 1) {
      answers.shift()!();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(asked).toHaveLength(9);
    expect(order.join(' ')).toBe('crowd crowd ada bo crowd ada crowd crowd crowd');
  });

  it('lets the last of the longest line go for another when it is full', async () => {
    const { send, answers } = held({ bulkhead: { maxInFlight: 1, maxWaiting: 4 } });
    const crowd = many(5, () => send({ flow: 'crowd' }));
    const ada = many(3, () => send({ flow: 'ada' }));
    // Two each: nobody has more than another would, so the newest stays outside.
    expect(await Promise.all([crowd[4], crowd[3], ada[2]])).toEqual([
      'UPSTREAM_OVERLOADED',
      'UPSTREAM_OVERLOADED',
      'UPSTREAM_OVERLOADED',
    ]);
    for (let count = 0; count < 5; count += 1) {
      answers.shift()!();
      await vi.advanceTimersByTimeAsync(1);
    }
    const served = [...crowd.slice(0, 3), ...ada.slice(0, 2)];
    expect(await Promise.all(served)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets who waits leave', async () => {
    const { send, transport } = held({ bulkhead: { maxInFlight: 1 } });
    void send();
    const leaving = new AbortController();
    const waiting = send({ signal: leaving.signal });
    leaving.abort();
    expect(await waiting).toBe('UPSTREAM_UNAVAILABLE');
    expect(transport.state().endpoints[0]).toMatchObject({ inFlight: 1, waiting: 0 });
  });

  it('does not wait past the deadline, nor open a breaker', async () => {
    const { send, transport } = held({ bulkhead: { maxInFlight: 1 } });
    void send();
    const sent = many(40, () => send({ deadline: performance.now() + 30 }));
    await vi.advanceTimersByTimeAsync(30);
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['UPSTREAM_OVERLOADED']));
    expect(transport.state().endpoints[0]!.breakers).toEqual([
      { operation: 'GET /airports', phase: 'closed' },
    ]);
  });

  it('holds under a mesh, too', async () => {
    const { send } = held({ resilience: 'mesh', bulkhead: { maxInFlight: 1, maxWaiting: 0 } });
    void send();
    expect(await send()).toBe('UPSTREAM_OVERLOADED');
  });
});
