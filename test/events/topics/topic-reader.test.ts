import { expect, it } from 'vitest';
import { TopicReader, type TopicEvent } from '../../../src/events/topics/topic-reader.ts';

const event = (n: number): TopicEvent => ({
  id: `/test ${n}`,
  key: 'one',
  data: n,
  cursor: `test:${n}`,
  place: null,
  bytes: 100,
});

function reader(backlogBytes = 10_000) {
  return new TopicReader({
    topic: 'things.counted',
    broker: 'test',
    key: undefined,
    filter: undefined,
    position: undefined,
    backlogBytes,
    listening: Promise.resolve(),
    left() {},
    slow() {},
  });
}

async function read(from: TopicReader, count: number) {
  const seen: unknown[] = [];
  for (let n = 0; n < count; n += 1) seen.push((await from.next()).value);
  return seen;
}

it('tells once what the log has and what is heard while and after it is read', async () => {
  const resumed = reader();
  resumed.hold();
  resumed.offer(event(2));
  resumed.resume([event(1), event(2), event(3)]);
  resumed.offer(event(3)); // it was on its way when the log was read
  resumed.offer(event(4));
  expect(await read(resumed, 4)).toEqual([1, 2, 3, 4]);
});

it('counts what waits for the log once', async () => {
  const resumed = reader(1_000);
  resumed.hold();
  for (let n = 1; n <= 9; n += 1) resumed.offer(event(n));
  resumed.resume([]);
  expect(await read(resumed, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (let n = 10; n <= 19; n += 1) resumed.offer(event(n));
  expect(await read(resumed, 10)).toHaveLength(10);
});
