import type { Admin, Consumer, Kafka, Producer } from 'kafkajs';
import { BrokerState, inTime } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import { loadKafka } from '../../kafka-client.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';
import { heardOf, makeConsumer, positionsIn, readFrom, readLog } from './kafka-log.ts';
import { KafkaOutbox } from './kafka-outbox.ts';

/** Longest wait for an answer, in milliseconds. */
const answerMs = 3_000;
/** Longest wait for a listener to have its partitions, in milliseconds: Kafka lets groups settle. */
const joinMs = 15_000;

/**
 * Topics of Kafka: `<namespace>.<name>`, made when there is none, messages keyed by what they are
 * about. Each listener is a group of its own that commits nothing; cursors say where it is in each
 * partition.
 */
export function createKafkaBroker(options: BrokerOptions): Broker {
  return new KafkaBroker(options);
}

interface Followed {
  readonly topic: string;
  readonly listener: BrokerListener;
  /** Number of the next message, by partition. */
  readonly next: Map<number, bigint>;
  consumer: Consumer;
}

class KafkaBroker implements Broker {
  readonly name = 'kafka';
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #followed = new Set<Followed>();
  readonly #opened: Promise<Opened>;
  readonly #made = new Map<string, Promise<void>>();
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#namespace = namespace;
    this.#state = new BrokerState('kafka', log);
    this.#opened = this.#open(url);
    this.#opened
      .then(({ admin }) => admin.connect())
      .catch((error: unknown) => this.#state.away(error));
  }

  async publish(topic: string, { headers, body }: EventMessage, key: string): Promise<void> {
    await this.#ask('take an event', answerMs, async ({ outbox, admin }) => {
      await this.#make(admin, topic);
      await outbox.put(this.#topic(topic), { key, value: body, headers });
    });
  }

  async listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription> {
    return this.#ask('open a topic', joinMs, async ({ kafka, admin }) => {
      await this.#make(admin, topic);
      const ends = await admin.fetchTopicOffsets(this.#topic(topic));
      const next = new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
      const followed: Followed = {
        topic,
        listener,
        next,
        consumer: makeConsumer(kafka, this.#namespace),
      };
      await this.#follow(followed, kafka, admin);
      this.#followed.add(followed);
      return {
        stop: async () => {
          this.#followed.delete(followed);
          await followed.consumer.disconnect().catch(() => {}); // it is gone either way
        },
      };
    });
  }

  async replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null> {
    const from = positionsIn(cursor);
    return this.#ask('read its log', joinMs, async ({ kafka, admin }) => {
      await this.#make(admin, topic);
      const ends = await admin.fetchTopicOffsets(this.#topic(topic));
      // As far as it is heard: what comes after that in its partition is going to be.
      const live = [...this.#followed].find((followed) => followed.topic === topic)?.next;
      const open = new Map<number, bigint>();
      let count = 0n;
      for (const { partition, low, high } of ends) {
        const start = from?.get(partition);
        if (start === undefined || start < BigInt(low) || start > BigInt(high)) return null;
        const end = live?.get(partition) ?? BigInt(high);
        if (start >= end) continue;
        count += end - start;
        open.set(partition, end);
      }
      if (from === null || count > BigInt(most)) return null;
      if (open.size === 0) return [];
      const consumer = makeConsumer(kafka, this.#namespace);
      return readLog(consumer, this.#topic(topic), { from, ends: open, ms: joinMs });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    const { admin, producer } = await this.#opened;
    const all = [...this.#followed].map(({ consumer }) => consumer);
    await inTime(
      answerMs,
      Promise.all([...all, producer, admin].map((client) => client.disconnect())),
    ).catch(() => {}); // what does not answer is gone
  }

  async #open(brokers: string): Promise<Opened> {
    const { Kafka, logLevel } = await loadKafka();
    const kafka = new Kafka({
      clientId: this.#namespace,
      brokers: brokers.split(','),
      connectionTimeout: answerMs,
      requestTimeout: answerMs,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 },
      logLevel: logLevel.ERROR,
      logCreator:
        () =>
        ({ log }) =>
          this.#state.away(typeof log['error'] === 'string' ? log['error'] : log.message),
    });
    const producer = kafka.producer({ allowAutoTopicCreation: true, retry: { retries: 0 } });
    const outbox = new KafkaOutbox(async (topic, messages) => {
      await producer.connect();
      await producer.send({ topic, acks: -1, timeout: answerMs, messages });
    }, answerMs);
    return { kafka, producer, outbox, admin: kafka.admin() };
  }

  async #ask<Answer>(
    doing: string,
    ms: number,
    ask: (opened: Opened) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await inTime(ms, this.#opened.then(ask));
      this.#state.back();
      return answer;
    } catch (error) {
      this.#state.away(error);
      throw this.#state.unavailable(doing, error);
    }
  }

  #topic(topic: string): string {
    return `${this.#namespace}.${topic}`;
  }

  /** Once for each topic. */
  #make(admin: Admin, topic: string): Promise<void> {
    let made = this.#made.get(topic);
    if (made) return made;
    const name = this.#topic(topic);
    made = (async () => {
      await admin.connect();
      // Brokers that make topics by themselves do so when they are asked about one.
      await admin.createTopics({ topics: [{ topic: name }], waitForLeaders: true }).catch(() => {});
      await admin.fetchTopicMetadata({ topics: [name] });
    })();
    made.catch(() => this.#made.delete(topic));
    this.#made.set(topic, made);
    return made;
  }

  async #follow(followed: Followed, kafka: Kafka, admin: Admin): Promise<void> {
    const { consumer, next, listener } = followed;
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#state.away(payload.error);
      if (followed.consumer === consumer) void this.#resume(followed, kafka, admin);
    });
    await readFrom(consumer, this.#topic(followed.topic), next, (message) => {
      if (followed.consumer === consumer) listener.heard(heardOf(message, next));
    });
  }

  /** Again and again, until a new consumer reads where the last one ended. */
  async #resume(followed: Followed, kafka: Kafka, admin: Admin): Promise<void> {
    const last = followed.consumer;
    const consumer = makeConsumer(kafka, this.#namespace);
    followed.consumer = consumer;
    last.disconnect().catch(() => {}); // it is gone either way
    if (this.#closed || !this.#followed.has(followed)) return;
    try {
      const ends = await inTime(answerMs, admin.fetchTopicOffsets(this.#topic(followed.topic)));
      let isGap = false;
      for (const { partition, low, high } of ends) {
        const at = followed.next.get(partition) ?? 0n;
        if (at >= BigInt(low) && at <= BigInt(high)) continue;
        isGap = true;
        followed.next.set(partition, BigInt(low));
      }
      await inTime(joinMs, this.#follow(followed, kafka, admin));
      if (isGap) followed.listener.gap();
      this.#state.back();
    } catch (error) {
      this.#state.away(error);
      this.#made.clear();
      if (followed.consumer !== consumer) return; // it crashed, and another has taken its place
      setTimeout(() => void this.#resume(followed, kafka, admin), 500).unref();
    }
  }
}

interface Opened {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly outbox: KafkaOutbox;
}
