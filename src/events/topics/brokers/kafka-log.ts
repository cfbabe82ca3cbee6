import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka, KafkaMessage } from 'kafkajs';
import { inTime } from '../../broker-state.ts';
import type { Heard } from '../broker.ts';

/** A consumer of a group of its own, which commits nothing. */
export function makeConsumer(kafka: Kafka, namespace: string): Consumer {
  return kafka.consumer({
    groupId: `${namespace}-${randomUUID()}`,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    maxWaitTimeInMs: 250,
    allowAutoTopicCreation: true,
    // It ends, and is made anew: positions are compared with what the broker has by then.
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 500,
      retries: 3,
      restartOnFailure: async () => false,
    },
  });
}

/**
 * Reads a topic from `next` on, the number of the next message by partition, and moves it; resolves
 * when the partitions are ours.
 */
export async function readFrom(
  consumer: Consumer,
  topic: string,
  next: Map<number, bigint>,
  hear: (message: KafkaMessage, partition: number) => void,
): Promise<void> {
  const joined = Promise.withResolvers<void>();
  const seek = () => {
    for (const [partition, offset] of next) {
      consumer.seek({ topic, partition, offset: String(offset) });
    }
  };
  consumer.on(consumer.events.GROUP_JOIN, () => {
    // Nothing is committed, so that each time it has to be said where we are.
    seek();
    joined.resolve();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: false });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ partition, message }) => {
      const offset = BigInt(message.offset);
      if (offset >= (next.get(partition) ?? 0n)) {
        next.set(partition, offset + 1n);
        hear(message, partition);
      }
      return Promise.resolve();
    },
  });
  seek();
  await joined.promise;
}

export interface LogRange {
  /** The next message of each partition. */
  readonly from: ReadonlyMap<number, bigint>;
  /** Of the partitions that have something to read: the message to stop before. */
  readonly ends: ReadonlyMap<number, bigint>;
  /** Longest that it may take, in milliseconds. */
  readonly ms: number;
}

/**
 * What a topic holds between two positions, with cursors that say what was read of that and no more.
 * The consumer is gone after it.
 *
 * Fails: when an end is not reached in time. A log may end in what is no message, and a consumer that
 * crashed says nothing more.
 */
export async function readLog(
  consumer: Consumer,
  topic: string,
  { from, ends, ms }: LogRange,
): Promise<readonly Heard[]> {
  const heard: Heard[] = [];
  const open = new Map(ends);
  const after = new Map(from);
  const reached = Promise.withResolvers<void>();
  const read = readFrom(consumer, topic, new Map(from), (message, partition) => {
    const end = open.get(partition);
    if (end === undefined) return; // read, and to be heard: no cursor may say that it was
    const next = BigInt(message.offset) + 1n;
    after.set(partition, next);
    heard.push(heardOf(message, after));
    if (next >= end) open.delete(partition);
    if (open.size === 0) reached.resolve();
  });
  try {
    await inTime(ms, Promise.all([read, reached.promise]));
  } finally {
    consumer.disconnect().catch(() => {}); // it is gone either way
  }
  return heard;
}

/** A message, and where the log is after it. */
export function heardOf(
  { value, headers = {} }: KafkaMessage,
  next: ReadonlyMap<number, bigint>,
): Heard {
  const texts = Object.entries(headers).flatMap(([name, given]) =>
    given === undefined ? [] : [[name.toLowerCase(), String(given)] as const],
  );
  return {
    headers: Object.fromEntries(texts),
    body: value?.toString() ?? '',
    cursor: [...next].map(([partition, offset]) => `${partition}-${offset}`).join('.'),
  };
}

/** The next message of each partition; null for what is no cursor. */
export function positionsIn(cursor: string): Map<number, bigint> | null {
  if (!/^\d{1,5}-\d{1,18}(\.\d{1,5}-\d{1,18})*$/.test(cursor)) return null;
  return new Map(
    cursor.split('.').map((part) => {
      const [partition = '', offset = ''] = part.split('-');
      return [Number(partition), BigInt(offset)];
    }),
  );
}
