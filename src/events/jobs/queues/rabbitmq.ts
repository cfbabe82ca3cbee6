import type { AsyncMessage, Connection, Consumer as Delivering, Publisher } from 'rabbitmq-client';
import { randomUUID } from 'node:crypto';
import { BrokerState, inTime, reasonOf } from '../../broker-state.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { tierOf } from './delay-tiers.ts';
import { deliver } from './deliver.ts';

export interface BrokerQueueOptions {
  readonly url: string;
  /** Before every channel's name at the broker. @default 'tailorbird' */
  readonly namespace?: string;
  /** Told once when the broker goes, and once when it is back. */
  readonly log: (message: string) => void;
}

/**
 * Quorum queues of RabbitMQ 3.10 or newer, `<namespace>.<channel>`, with publisher confirms. What
 * has to wait goes through queues with a time to live, `….after.<ms>`.
 */
export function createRabbitmqQueue(options: BrokerQueueOptions): Queue {
  return new RabbitmqQueue(options);
}

const dueAtHeader = 'x-due-at';
/** How RabbitMQ says that a password is wrong, or a virtual host is not ours. */
const refusals = /ACCESS_REFUSED|NOT_ALLOWED/;

class RabbitmqQueue implements Queue {
  readonly name = 'rabbitmq';
  readonly #url: string;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #log: (message: string) => void;
  readonly #declared = new Map<string, Promise<void>>();
  readonly #consumers = new Set<RabbitmqConsumer>();
  /** Messages that no queue took, although the broker confirmed them. */
  readonly #returned = new Set<string>();
  /** Why the broker does not let us in; undefined once it does. Waiting for that is of no use. */
  #refusal: unknown;
  /** What fails each message that waits. */
  readonly #sending = new Set<(error: unknown) => void>();
  #opening: Promise<{ readonly connection: Connection; readonly publisher: Publisher }> | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerQueueOptions) {
    this.#url = url;
    this.#namespace = namespace;
    this.#log = log;
    this.#state = new BrokerState('rabbitmq', log);
  }

  async send(channel: string, message: QueueMessage, { delayMs = 0 } = {}): Promise<void> {
    assertChannel(channel);
    await this.#publish(channel, message, delayMs > 0 ? Date.now() + delayMs : null);
  }

  consume(channel: string, options: ConsumeOptions): Consumer {
    assertChannel(channel);
    const consumer = new RabbitmqConsumer(
      this.#open().then(({ connection }) => connection),
      {
        queue: `${this.#namespace}.${channel}`,
        ...options,
        again: (message, dueAt) => this.#publish(channel, message, dueAt),
        log: this.#log,
        state: this.#state,
      },
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    const opened = await this.#opening?.catch(() => undefined);
    opened?.connection.unsafeDestroy();
  }

  async #publish(channel: string, message: QueueMessage, dueAt: number | null): Promise<void> {
    const { promise: refused, reject } = Promise.withResolvers<never>();
    this.#sending.add(reject);
    try {
      const confirmed = this.#confirm(channel, message, dueAt);
      await inTime(sendTimeoutMs, Promise.race([refused, confirmed]));
    } catch (error) {
      this.#declared.clear(); // a queue may be gone
      throw this.#state.unavailable('take a message', error);
    } finally {
      this.#sending.delete(reject);
    }
  }

  async #confirm(channel: string, { id, body }: QueueMessage, dueAt: number | null): Promise<void> {
    if (this.#closed) throw new Error('the queue is closed');
    if (this.#refusal !== undefined) throw this.#refusal;
    const { connection, publisher } = await this.#open();
    const queue = `${this.#namespace}.${channel}`;
    const tier = tierOf(dueAt === null ? 0 : dueAt - Date.now());
    await this.#declare(connection, queue, null);
    if (tier !== null) await this.#declare(connection, queue, tier);
    const messageId = randomUUID();
    await publisher.send(
      {
        routingKey: tier === null ? queue : `${queue}.after.${tier}`,
        durable: true,
        mandatory: true,
        messageId,
        correlationId: id,
        contentType: 'text/plain',
        ...(dueAt !== null && { headers: { [dueAtHeader]: String(Math.ceil(dueAt)) } }),
      },
      Buffer.from(body),
    );
    if (this.#returned.delete(messageId)) throw new Error(`the queue ${queue} is gone`);
  }

  #declare(connection: Connection, queue: string, tier: number | null): Promise<void> {
    const name = tier === null ? queue : `${queue}.after.${tier}`;
    let declared = this.#declared.get(name);
    if (declared === undefined) {
      declared = connection
        .queueDeclare({ queue: name, durable: true, arguments: argumentsOf(queue, tier) })
        .then(() => {});
      declared.catch(() => this.#declared.delete(name));
      this.#declared.set(name, declared);
    }
    return declared;
  }

  #open() {
    this.#opening ??= this.#connect();
    return this.#opening;
  }

  async #connect() {
    const { Connection } = await import('rabbitmq-client');
    const connection = new Connection({
      url: this.#url,
      connectionName: `${this.#namespace}-jobs`,
      acquireTimeout: sendTimeoutMs,
      heartbeat: 10,
      retryLow: 200,
      retryHigh: 1_000,
    });
    connection.on('error', (error: unknown) => {
      this.#state.away(error);
      if (connection.ready || !refusals.test(reasonOf(error))) return;
      this.#refusal = error;
      for (const fail of this.#sending) fail(error);
    });
    connection.on('connection', () => {
      this.#refusal = undefined;
      this.#declared.clear();
      this.#state.back();
    });
    const publisher = connection.createPublisher({
      confirm: true,
      onReturn: ({ messageId }) => void (messageId && this.#returned.add(messageId)),
    });
    return { connection, publisher };
  }
}

/** Quorum queues survive a node's death; one with a tier gives its messages to `queue` when they expire. */
function argumentsOf(queue: string, tier: number | null) {
  const quorum = { 'x-queue-type': 'quorum' } as const;
  if (tier === null) return { ...quorum, 'x-delivery-limit': 1_000_000 };
  return {
    ...quorum,
    'x-message-ttl': tier,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  } as const;
}

interface RabbitmqConsumerOptions extends ConsumeOptions {
  readonly queue: string;
  readonly again: (message: QueueMessage, dueAt: number) => Promise<void>;
  readonly log: (message: string) => void;
  readonly state: BrokerState;
}

class RabbitmqConsumer implements Consumer {
  readonly #options: RabbitmqConsumerOptions;
  readonly #delivering: Promise<Delivering | null>;
  #closed = false;

  constructor(connection: Promise<Connection>, options: RabbitmqConsumerOptions) {
    this.#options = options;
    const { queue, concurrency } = options;
    this.#delivering = connection.then((opened) => {
      if (this.#closed) return null;
      const consumer = opened.createConsumer(
        {
          queue,
          queueOptions: { queue, durable: true, arguments: argumentsOf(queue, null) },
          qos: { prefetchCount: concurrency },
          concurrency,
        },
        (message) => this.#deliver(message),
      );
      consumer.on('error', (error: unknown) => options.state.away(error));
      return consumer;
    });
    this.#delivering.catch((error: unknown) => options.state.away(error));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const consumer = await this.#delivering.catch(() => null);
    await consumer?.close();
  }

  /** Resolves to acknowledge; a rejection gives the message back to its queue. */
  async #deliver(message: AsyncMessage): Promise<void> {
    const { handle, again, log, queue } = this.#options;
    const id = message.correlationId ?? '';
    const body = String(message.body);
    const dueAt = Number(message.headers?.[dueAtHeader] ?? 0);
    if (dueAt > Date.now()) return again({ id, body }, dueAt);
    await deliver({ id, body }, { handle, queue, log }, (next, afterMs) =>
      again(next, Date.now() + afterMs),
    );
  }
}
