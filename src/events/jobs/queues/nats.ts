import type {
  Consumer as NatsConsumer,
  JetStreamClient,
  JetStreamManager,
  JsMsg,
} from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { BrokerState, inTime } from '../../broker-state.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { PullConsumer } from './pull-consumer.ts';
import type { BrokerQueueOptions } from './rabbitmq.ts';

/**
 * Work queues of NATS JetStream: the stream `<namespace>_queue_<channel>` keeps the subject
 * `<namespace>.queue.<channel>` until its one consumer, `workers`, acknowledges.
 */
export function createNatsQueue(options: BrokerQueueOptions): Queue {
  return new NatsQueue(options);
}

interface Connected {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly headers: () => MsgHdrs;
}

const idHeader = 'Tailorbird-Id';
const dueAtHeader = 'Tailorbird-Due-At';
/** How long a message stays with a consumer that died, in nanoseconds. */
const ackWaitNanos = 30 * 1e9;
/** Longest wait that a server need not remember over its own restart, in milliseconds. */
const nakMs = 30_000;
const answerMs = 2_000;

class NatsQueue implements Queue {
  readonly name = 'nats';
  readonly #url: string;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #log: (message: string) => void;
  readonly #streams = new Set<string>();
  readonly #consumers = new Set<Consumer>();
  #connected: Promise<Connected> | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerQueueOptions) {
    this.#url = url;
    this.#namespace = namespace;
    this.#log = log;
    this.#state = new BrokerState('nats', log);
  }

  async send(channel: string, message: QueueMessage, { delayMs = 0 } = {}): Promise<void> {
    assertChannel(channel);
    try {
      await inTime(sendTimeoutMs, this.#publish(channel, message, delayMs));
    } catch (error) {
      this.#streams.delete(channel); // it may have to be made again
      throw this.#state.unavailable('take a message', error);
    }
  }

  consume(channel: string, options: ConsumeOptions): Consumer {
    assertChannel(channel);
    const consumer = new PullConsumer({
      ...options,
      channel,
      holdEveryMs: 10_000,
      state: this.#state,
      log: this.#log,
      take: async (room, deliver) => {
        const workers = await this.#workers(channel);
        const messages = await workers.fetch({ max_messages: room, expires: 1_000 });
        for await (const message of messages) {
          const waitMs = Number(message.headers?.get(dueAtHeader) || 0) - Date.now();
          if (waitMs > 0) message.nak(Math.ceil(waitMs));
          else deliver(this.#taken(channel, message));
        }
      },
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    const connected = await this.#connected?.catch(() => undefined);
    await connected?.connection.close().catch(() => {});
  }

  async #publish(channel: string, { id, body }: QueueMessage, delayMs: number): Promise<void> {
    const { jetstream, headers: makeHeaders } = await this.#ready();
    await this.#makeStream(channel);
    const headers = makeHeaders();
    headers.set(idHeader, id);
    if (delayMs > 0) headers.set(dueAtHeader, String(Math.ceil(Date.now() + delayMs)));
    await jetstream.publish(this.#subject(channel), body, { headers, timeout: answerMs });
  }

  #taken(channel: string, message: JsMsg) {
    const id = message.headers?.get(idHeader) ?? '';
    const body = message.string();
    return {
      id,
      body,
      done: () => message.ackAck(),
      again: async (afterMs: number, next: string | undefined) => {
        if (next === undefined && afterMs <= nakMs) return message.nak(Math.ceil(afterMs));
        await this.send(channel, { id, body: next ?? body }, { delayMs: afterMs });
        await message.ackAck();
      },
      hold: async () => message.working(),
    };
  }

  #subject(channel: string): string {
    return `${this.#namespace}.queue.${channel}`;
  }

  #streamName(channel: string): string {
    return `${this.#namespace}_queue_${channel.replaceAll('.', '_')}`;
  }

  async #workers(channel: string): Promise<NatsConsumer> {
    const { jetstream } = await this.#ready();
    try {
      await this.#makeStream(channel);
      return await jetstream.consumers.get(this.#streamName(channel), 'workers');
    } catch (error) {
      this.#streams.delete(channel);
      throw error;
    }
  }

  /** Once for each connection. */
  async #makeStream(channel: string): Promise<void> {
    if (this.#streams.has(channel)) return;
    const { manager } = await this.#ready();
    const name = this.#streamName(channel);
    const subjects = [this.#subject(channel)];
    await manager.streams
      .add({ name, subjects, retention: 'workqueue', storage: 'file' })
      .catch((error: unknown) => existing(manager.streams.info(name), error));
    await manager.consumers
      .add(name, {
        durable_name: 'workers',
        ack_policy: 'explicit',
        ack_wait: ackWaitNanos,
        max_deliver: -1,
        max_ack_pending: -1, // what waits for its time is pending too
      })
      .catch((error: unknown) => existing(manager.consumers.info(name, 'workers'), error));
    this.#streams.add(channel);
  }

  #ready(): Promise<Connected> {
    if (this.#closed) return Promise.reject(new Error('the queue is closed'));
    this.#connected ??= this.#open().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  async #open(): Promise<Connected> {
    const [{ connect, headers }, { jetstream, jetstreamManager }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ]);
    const { username, password, protocol, host } = new URL(this.#url);
    const connection = await connect({
      servers: host,
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { pass: decodeURIComponent(password) }),
      ...(protocol === 'tls:' && { tls: {} }),
      name: `${this.#namespace}-jobs`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      timeout: answerMs,
      pingInterval: 5_000,
      maxPingOut: 2,
    });
    void connection.closed().then(() => {
      this.#connected = undefined;
      this.#streams.clear();
    });
    void (async () => {
      for await (const { type } of connection.status()) {
        if (type === 'disconnect') this.#state.away('the connection was lost');
        if (type === 'reconnect') this.#streams.clear();
      }
    })();
    const manager = await jetstreamManager(connection, { timeout: answerMs, checkAPI: false });
    this.#state.back();
    return {
      connection,
      manager,
      headers,
      jetstream: jetstream(connection, { timeout: answerMs }),
    };
  }
}

/** One that was made with other settings is as good. */
async function existing(info: Promise<unknown>, error: unknown): Promise<unknown> {
  return info.catch(() => {
    throw error;
  });
}
