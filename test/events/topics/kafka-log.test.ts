import type { Consumer, ConsumerRunConfig, EachMessagePayload } from 'kafkajs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readLog } from '../../../src/events/topics/brokers/kafka-log.ts';

/** A consumer that has its partitions at once, and reads what it is given: a mock cannot be so slow. */
function fakeConsumer() {
  let joined: () => void = () => {};
  const runs = Promise.withResolvers<NonNullable<ConsumerRunConfig['eachMessage']>>();
  const disconnect = vi.fn(async () => {});
  const consumer = {
    events: { GROUP_JOIN: 'join' },
    on: (_: string, listener: () => void) => void (joined = listener),
    connect: async () => {},
    subscribe: async () => {},
    seek: () => {},
    async run({ eachMessage }: ConsumerRunConfig) {
      joined();
      if (eachMessage) runs.resolve(eachMessage);
    },
    disconnect,
  };
  return {
    consumer: consumer as unknown as Consumer, // what is read with, of all that a consumer can do
    disconnect,
    async reads(partition: number, offset: number): Promise<void> {
      const message = { offset: `${offset}`, value: Buffer.from(`${partition}-${offset}`) };
      const eachMessage = await runs.promise;
      await eachMessage({ partition, message } as unknown as EachMessagePayload);
    },
  };
}

it("leaves the cursor at a partition's end while it waits for the others", async () => {
  const { consumer, reads } = fakeConsumer();
  const from = new Map([
    [0, 0n],
    [1, 0n],
    [2, 7n], // nothing to read
  ]);
  const ends = new Map([
    [0, 2n],
    [1, 1n],
  ]);
  const log = readLog(consumer, 'things', { from, ends, ms: 15_000 });
  await reads(0, 0);
  await reads(0, 1);
  await reads(0, 2); // came meanwhile
  await reads(2, 7);
  await reads(1, 0);
  expect((await log).map(({ body, cursor }) => [body, cursor])).toEqual([
    ['0-0', '0-1.1-0.2-7'],
    ['0-1', '0-2.1-0.2-7'],
    ['1-0', '0-2.1-1.2-7'],
  ]);
});

it('disconnects its consumer when it has read all', async () => {
  const { consumer, disconnect, reads } = fakeConsumer();
  const range = { from: new Map([[0, 4n]]), ends: new Map([[0, 5n]]), ms: 15_000 };
  const log = readLog(consumer, 'things', range);
  await reads(0, 4);
  await log;
  expect(disconnect).toHaveBeenCalledOnce();
});

it('disconnects its consumer when the end is not reached in time', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { consumer, disconnect, reads } = fakeConsumer();
  const range = { from: new Map([[0, 4n]]), ends: new Map([[0, 6n]]), ms: 15_000 };
  const log = readLog(consumer, 'things', range);
  const failed = vi.fn();
  log.catch(failed);
  await reads(0, 4); // what is left is the marker of a transaction
  await vi.advanceTimersByTimeAsync(14_999);
  expect(disconnect).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(disconnect).toHaveBeenCalledOnce();
  expect(failed).toHaveBeenCalledWith(new Error('no answer within 15000 ms'));
});
