import { expect, it } from 'vitest';
import { createReplayClock, type ReplayClock, replay } from '../../sandbox/flights/replay.ts';

const events = ['a', 'b', 'c'].map((name, index) => ({ name, atSeconds: 10 * (index + 1) }));

/** A clock that stands where it is put, and for which every wait is over at once. */
function clockAt(seconds: number): ReplayClock & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => seconds,
    realMs(wait) {
      waits.push(wait);
      return 0;
    },
  };
}

async function first(count: number, clock: ReplayClock): Promise<string> {
  const seen: string[] = [];
  for await (const { name } of replay(events, 100, clock, new AbortController().signal)) {
    seen.push(name);
    if (seen.length === count) break;
  }
  return seen.join('');
}

it('begins with the latest event, also when that was in the lap before', async () => {
  expect(await first(1, clockAt(25))).toBe('b');
  expect(await first(1, clockAt(0))).toBe('c');
  expect(await first(1, clockAt(230))).toBe('c');
});

it('goes on in order, lap after lap', async () => {
  expect(await first(8, clockAt(25))).toBe('bcabcabc');
  expect(await first(5, clockAt(199))).toBe('cabca');
});

it('waits for each event from where the clock stands', async () => {
  const clock = clockAt(115);
  expect(await first(5, clock)).toBe('abcab');
  expect(clock.waits).toEqual([5, 15, 95, 105]);
});

it('ends when it is aborted while waiting', async () => {
  const leaving = new AbortController();
  const clock = { now: () => 0, realMs: () => 60_000 };
  const seen: string[] = [];
  for await (const { name } of replay(events, 100, clock, leaving.signal)) {
    seen.push(name);
    queueMicrotask(() => leaving.abort());
  }
  expect(seen).toEqual(['c']);
});

it('runs a lap at the given speed', () => {
  const clock = createReplayClock(9_000);
  expect(clock.realMs(9_000)).toBe(1_000);
  expect(clock.now()).toBeGreaterThanOrEqual(0);
});
