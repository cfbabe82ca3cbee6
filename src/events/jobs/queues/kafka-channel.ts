import type { Consumer as KafkaConsumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { BrokerState } from '../../broker-state.ts';
import type { ConsumeOptions, Consumer, QueueMessage } from '../queue.ts';
import { delayTiers } from './delay-tiers.ts';
import { deliver } from './deliver.ts';

const idHeader = 'id';
const dueAtHeader = 'due-at';
/** How often a group hears of a member that is busy, in milliseconds. */
const heartbeatMs = 1_000;

export interface KafkaChannelOptions extends ConsumeOptions {
  readonly topic: string;
  readonly kafka: () => Promise<Kafka>;
  readonly make: (topic: string) => Promise<void>;
  readonly put: (message: QueueMessage, dueAt: number) => Promise<void>;
  readonly state: BrokerState;
  readonly log: (message: string) => void;
}

/** Reads one channel: its topic, and those where its messages wait. */
export class KafkaChannel implements Consumer {
  readonly #options: KafkaChannelOptions;
  readonly #started: Promise<void>;
  readonly #running = new Set<KafkaConsumer>();
  readonly #inHand = new Set<Promise<void>>();
  #closed = false;

  constructor(options: KafkaChannelOptions) {
    this.#options = options;
    const { topic } = options;
    const waiting = delayTiers.map((tier) => `${topic}.after.${tier}`);
    this.#started = Promise.all([
      this.#read(`${topic}.workers`, [topic], (batch) => this.#work(batch)),
      this.#read(`${topic}.waiting`, waiting, (batch) => this.#wait(batch)),
    ]).then(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#started;
    await Promise.all(this.#inHand);
    await Promise.all([...this.#running].map((consumer) => consumer.disconnect().catch(() => {})));
  }

  /** Tries until the broker is there. */
  async #read(
    groupId: string,
    topics: readonly string[],
    eachBatch: (batch: EachBatchPayload) => Promise<void>,
  ): Promise<void> {
    const { kafka, make, state } = this.#options;
    while (!this.#closed) {
      try {
        for (const topic of topics) await make(topic);
        const consumer = (await kafka()).consumer({
          groupId,
          sessionTimeout: 10_000,
          heartbeatInterval: heartbeatMs,
          maxWaitTimeInMs: 200,
          retry: { initialRetryTime: 200, maxRetryTime: 1_000, restartOnFailure: async () => true },
        });
        this.#running.add(consumer);
        consumer.on('consumer.crash', ({ payload }) => state.away(payload.error));
        await consumer.connect();
        await consumer.subscribe({ topics: [...topics], fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: 100, // one that waits holds up none
          eachBatch,
        });
        return;
      } catch (error) {
        state.away(error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  async #work(payload: EachBatchPayload): Promise<void> {
    const { concurrency, handle, put, log, topic } = this.#options;
    const handling = { handle, queue: topic, log };
    const again = (message: QueueMessage, afterMs: number) => put(message, Date.now() + afterMs);
    const beating = beat(payload);
    try {
      for (const message of payload.batch.messages) {
        while (this.#inHand.size >= concurrency) await Promise.race(this.#inHand);
        if (this.#closed || !payload.isRunning() || payload.isStale()) return;
        const work: Promise<void> = deliver(messageOf(message), handling, again).finally(() =>
          this.#inHand.delete(work),
        );
        this.#inHand.add(work);
        work.catch(() => {}); // looked at below
        await commit(payload, message, () => work);
      }
    } finally {
      clearInterval(beating);
    }
  }

  /** Hands messages on as their time comes; those of one topic wait equally long, so in their order. */
  async #wait(payload: EachBatchPayload): Promise<void> {
    const { put } = this.#options;
    const tier = Number(payload.batch.topic.split('.').at(-1));
    const beating = beat(payload);
    try {
      for (const message of payload.batch.messages) {
        const readyAt = Number(message.timestamp) + tier;
        while (Date.now() < readyAt) {
          if (this.#closed || !payload.isRunning() || payload.isStale()) return;
          const waitMs = Math.min(200, readyAt - Date.now());
          await new Promise((resolve) => setTimeout(resolve, Math.max(waitMs, 1)));
        }
        if (this.#closed) return;
        await commit(payload, message, () => put(messageOf(message), dueAtOf(message)));
      }
    } finally {
      clearInterval(beating);
    }
  }
}

/** Tells the group that its member is alive. */
function beat({ heartbeat }: EachBatchPayload): NodeJS.Timeout {
  return setInterval(() => void heartbeat().catch(() => {}), heartbeatMs);
}

async function commit(
  { batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload,
  { offset }: KafkaMessage,
  work: () => Promise<void>,
): Promise<void> {
  await work();
  resolveOffset(offset);
  await commitOffsetsIfNecessary({
    topics: [
      {
        topic: batch.topic,
        partitions: [{ partition: batch.partition, offset: String(BigInt(offset) + 1n) }],
      },
    ],
  });
}

/** `dueAt` is in milliseconds since 1970; 0: at once. */
export function toKafka({ id, body }: QueueMessage, dueAt: number) {
  const headers = { [idHeader]: id, ...(dueAt > 0 && { [dueAtHeader]: String(Math.ceil(dueAt)) }) };
  return { key: id, value: body, headers };
}

function messageOf({ headers, value }: KafkaMessage): QueueMessage {
  return { id: String(headers?.[idHeader] ?? ''), body: String(value ?? '') };
}

function dueAtOf({ headers }: KafkaMessage): number {
  return Number(headers?.[dueAtHeader] ?? 0);
}
