import type { Kafka, Producer } from 'kafkajs';
import { BrokerState, inTime } from '../../broker-state.ts';
import { loadKafka } from '../../kafka-client.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { tierOf } from './delay-tiers.ts';
import { KafkaChannel, toKafka } from './kafka-channel.ts';
import type { BrokerQueueOptions } from './rabbitmq.ts';

/**
 * Topics of Kafka, `<namespace>.<channel>`, read by one consumer group each and confirmed by all
 * replicas in sync. What has to wait goes through topics of a fixed delay, `….after.<ms>`. An offset
 * is committed when all before it are done, so a process that dies does a batch again.
 */
export function createKafkaQueue(options: BrokerQueueOptions): Queue {
  return new KafkaQueue(options);
}

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

  async #put(channel: string, given: QueueMessage, dueAt: number): Promise<void> {
    const tier = tierOf(dueAt - Date.now());
    const topic = `${this.#namespace}.${channel}${tier === null ? '' : `.after.${tier}`}`;
    const message = toKafka(given, dueAt);
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
