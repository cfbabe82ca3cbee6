import type {
  Consumer as KafkaConsumer,
  EachBatchPayload,
  Kafka,
  KafkaMessage,
  Producer,
} from 'kafkajs';
import { BrokerState, inTime, reasonOf } from '../../broker-state.ts';
import { loadKafka } from '../../kafka-client.ts';
import {
  afterThrowMs,
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Outcome,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { delayTiers, tierOf } from './delay-tiers.ts';
import type { BrokerQueueOptions } from './rabbitmq.ts';

/**
 * Topics of Kafka, `<namespace>.<channel>`, read by one consumer group each and confirmed by all
 * replicas in sync. What has to wait goes through topics of a fixed delay, `….after.<ms>`. An offset
 * is committed when all before it are done, so a process that dies does a batch again.
 */
export function createKafkaQueue(options: BrokerQueueOptions): Queue {
  return new KafkaQueue(options);
}

const idHeader = 'id';
const dueAtHeader = 'due-at';
/** How often a group hears of a member that is busy, in milliseconds. */
const heartbeatMs = 1_000;

class KafkaQueue implements Queue {
  readonly name = 'kafka';
  readonly #brokers: string[];
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #log: (message: string) => void;
  readonly #consumers = new Set<KafkaChannel>();
  readonly #made = new Map<string, Promise<void>>();
  #kafka: Promise<Kafka> | undefined;
  #producer: Promise<Producer> | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerQueueOptions) {
    this.#brokers = url.split(',');
    this.#namespace = namespace;
    this.#log = log;
    this.#state = new BrokerState('kafka', log);
  }

  async send(channel: string, message: QueueMessage, { delayMs = 0 } = {}): Promise<void> {
    assertChannel(channel);
    await this.#put(channel, message, delayMs > 0 ? Date.now() + delayMs : 0);
  }

  consume(channel: string, options: ConsumeOptions): Consumer {
    assertChannel(channel);
    const consumer = new KafkaChannel({
      ...options,
      topic: `${this.#namespace}.${channel}`,
      kafka: () => this.#open(),
      make: (topic) => this.#make(topic),
      put: (message, dueAt) => this.#put(channel, message, dueAt),
      state: this.#state,
      log: this.#log,
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#closed = true;
    this.#state.close();
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.disconnect();
  }

  async #put(channel: string, { id, body }: QueueMessage, dueAt: number): Promise<void> {
    const tier = tierOf(dueAt - Date.now());
    const topic = `${this.#namespace}.${channel}${tier === null ? '' : `.after.${tier}`}`;
    const message = {
      key: id,
      value: body,
      headers: { [idHeader]: id, ...(dueAt > 0 && { [dueAtHeader]: String(Math.ceil(dueAt)) }) },
    };
    const confirmed = async () => {
      await this.#make(topic);
      const producer = await this.#openProducer();
      await producer.send({ topic, acks: -1, timeout: sendTimeoutMs, messages: [message] });
    };
    try {
      await inTime(sendTimeoutMs, confirmed());
      this.#state.back();
    } catch (error) {
      this.#made.delete(topic);
      this.#state.away(error);
      throw this.#state.unavailable('take a message', error);
    }
  }

  /** Makes the topic when it is missing. */
  #make(topic: string): Promise<void> {
    let made = this.#made.get(topic);
    if (made === undefined) {
      made = this.#open().then(async (kafka) => {
        const admin = kafka.admin();
        await admin.connect();
        try {
          if ((await admin.listTopics()).includes(topic)) return;
          // Where topics make themselves, asking for one is enough.
          await admin.createTopics({ topics: [{ topic }], waitForLeaders: true }).catch(() => {});
        } finally {
          await admin.disconnect();
        }
      });
      made.catch(() => this.#made.delete(topic));
      this.#made.set(topic, made);
    }
    return made;
  }

  #openProducer(): Promise<Producer> {
    this.#producer ??= this.#open().then(async (kafka) => {
      const producer = kafka.producer({ allowAutoTopicCreation: true });
      await producer.connect();
      return producer;
    });
    this.#producer.catch(() => (this.#producer = undefined));
    return this.#producer;
  }

  #open(): Promise<Kafka> {
    if (this.#closed) return Promise.reject(new Error('the queue is closed'));
    this.#kafka ??= loadKafka().then(
      ({ Kafka, logLevel }) =>
        new Kafka({
          clientId: `${this.#namespace}-jobs`,
          brokers: this.#brokers,
          connectionTimeout: 2_000,
          requestTimeout: 5_000,
          retry: { initialRetryTime: 200, maxRetryTime: 1_000, retries: 3 },
          logLevel: logLevel.NOTHING, // the queue has its own words
        }),
    );
    return this.#kafka;
  }
}

interface KafkaChannelOptions extends ConsumeOptions {
  readonly topic: string;
  readonly kafka: () => Promise<Kafka>;
  readonly make: (topic: string) => Promise<void>;
  readonly put: (message: QueueMessage, dueAt: number) => Promise<void>;
  readonly state: BrokerState;
  readonly log: (message: string) => void;
}

/** Reads one channel: its topic, and those where its messages wait. */
class KafkaChannel implements Consumer {
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
    const { concurrency } = this.#options;
    const beating = beat(payload);
    try {
      for (const message of payload.batch.messages) {
        while (this.#inHand.size >= concurrency) await Promise.race(this.#inHand);
        if (this.#closed || !payload.isRunning() || payload.isStale()) return;
        const work: Promise<void> = this.#deliver(message).finally(() => this.#inHand.delete(work));
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

  async #deliver(given: KafkaMessage): Promise<void> {
    const { handle, put, log, topic } = this.#options;
    const message = messageOf(given);
    let outcome: Outcome;
    try {
      outcome = await handle(message);
    } catch (error) {
      log(`queue "${topic}": the message ${message.id} comes again: ${reasonOf(error)}`);
      outcome = { kind: 'again', afterMs: afterThrowMs };
    }
    if (outcome.kind === 'done') return;
    await put({ id: message.id, body: outcome.body ?? message.body }, Date.now() + outcome.afterMs);
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

function messageOf({ headers, value }: KafkaMessage): QueueMessage {
  return { id: String(headers?.[idHeader] ?? ''), body: String(value ?? '') };
}

function dueAtOf({ headers }: KafkaMessage): number {
  return Number(headers?.[dueAtHeader] ?? 0);
}
