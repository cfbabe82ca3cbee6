import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReplyQueue } from '../../src/server/reply-queue.ts';

function queueOf() {
  const queue = new ReplyQueue();
  const written: number[] = [];
  return {
    written,
    add: (number: number) => queue.add({ write: () => void written.push(number) }),
  };
}

test('answers of one turn are written at its end, in their order', async () => {
  const { add, written } = queueOf();
  add(1);
  add(2);
  await Promise.resolve();
  expect(written).toEqual([]);
  await turn();
  expect(written).toEqual([1, 2]);
});

test('eight are written at once, and those after them at the end of the turn', async () => {
  const { add, written } = queueOf();
  for (let number = 1; number <= 10; number += 1) add(number);
  expect(written).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await turn();
  expect(written).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('none is forgotten in the turns that follow', async () => {
  const { add, written } = queueOf();
  for (const number of [1, 2, 3]) {
    add(number);
    await turn();
    expect(written.at(-1)).toBe(number);
  }
});
