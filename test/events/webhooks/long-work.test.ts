import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { LongWork } from '../../../src/events/webhooks/long-work.ts';

/** Work of so many steps, each of which takes 2 ms of `clock`. */
function* steps(clock: { ms: number }, count: number, done: string[], name: string) {
  for (let step = 1; step <= count; step += 1) {
    clock.ms += 2;
    done.push(`${name}${step}`);
    yield;
  }
  return name;
}

test('after five milliseconds everything else has its turn', async () => {
  const clock = { ms: 0 };
  const done: string[] = [];
  const work = new LongWork({ now: () => clock.ms });
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    done.push('|');
    setImmediate(turn);
  };
  setImmediate(turn);
  expect(await work.run(steps(clock, 7, done, 'a'))).toBe('a');
  isOver = true;
  expect(done.join('')).toMatch(/^\|?a1a2a3\|a4a5a6\|a7\|?$/);
});

test('one at a time, in the order asked, whatever fails before', async () => {
  const clock = { ms: 0 };
  const done: string[] = [];
  const work = new LongWork({ now: () => clock.ms, turnMs: 1 });
  const failing = function* (): Generator<void, string> {
    yield* steps(clock, 2, done, 'a');
    throw new Error('broken');
  };
  const all = await Promise.allSettled([
    work.run(failing()),
    work.run(steps(clock, 2, done, 'b')),
    work.run(steps(clock, 1, done, 'c')),
  ]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(done).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
});

test('nothing of what came of it is kept', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const work = new LongWork();
  const making = async () => {
    const made = await work.run(
      (function* (): Generator<void, object> {
        yield;
        return { large: true };
      })(),
    );
    return new WeakRef(made);
  };
  const made = await making();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(made.deref()).toBeUndefined();
});
