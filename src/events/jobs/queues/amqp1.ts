import type { Connection, ConnectionOptions, Delivery, EventContext, Sender } from 'rhea';
import { BrokerState, inTime } from '../../broker-state.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { Amqp1Consumer } from './amqp1-consumer.ts';
import type { BrokerQueueOptions } from './rabbitmq.ts';

/**
 * Queues of an AMQP 1.0 broker, `<namespace>.<channel>` below the URL's path: none for Azure Service
 * Bus, whose queues have to be there; `/queue/` for RabbitMQ 3, which makes them. What has to wait is
 * scheduled where the broker knows how; elsewhere a consumer keeps it until its time.
 */
export function createAmqp1Queue(options: BrokerQueueOptions): Queue {
  return new Amqp1Queue(options);
}

interface Sending {
  readonly delivered: () => void;
  readonly failed: (error: unknown) => void;
}

class Amqp1Queue implements Queue {
  readonly name = 'amqp1';
  readonly #url: URL;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #log: (message: string) => void;
  readonly #senders = new Map<string, Promise<Sender>>();
  readonly #consumers = new Set<Amqp1Consumer>();
  /** What is sent and not confirmed. */
  readonly #sending = new Map<Delivery, Sending>();
  /** What fails each link that is being opened. */
  readonly #opening = new Set<(error: unknown) => void>();
  #connection: Promise<Connection> | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerQueueOptions) {
    this.#url = new URL(url);
    this.#namespace = namespace;
    this.#log = log;
    this.#state = new BrokerState('amqp1', log);
  }

  async send(channel: string, message: QueueMessage, { delayMs = 0 } = {}): Promise<void> {
    assertChannel(channel);
    try {
      await inTime(sendTimeoutMs, this.#put(channel, message, delayMs));
    } catch (error) {
      throw this.#state.unavailable('take a message', error);
    }
  }

  consume(channel: string, options: ConsumeOptions): Consumer {
    assertChannel(channel);
    const consumer = new Amqp1Consumer({
      ...options,
      channel,
      again: (message, afterMs) => this.send(channel, message, { delayMs: afterMs }),
      log: this.#log,
    });
    this.#consumers.add(consumer);
    void this.#receive(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#state.close();
    const connection = await this.#connection?.catch(() => undefined);
    if (!connection) return;
    // What it has just settled is on its way before the close.
    const closed = new Promise((resolve) => connection.once('connection_close', resolve));
    connection.close();
    await inTime(1_000, closed).catch(() => {});
  }

  /** Tries until there is a connection to take messages from. */
  async #receive(consumer: Amqp1Consumer): Promise<void> {
    try {
      const connection = await this.#open();
      if (this.#closed) return;
      consumer.open(
        connection.open_receiver({
          source: { address: this.#address(consumer.channel), durable: 2, expiry_policy: 'never' },
          credit_window: 0,
          autoaccept: false,
          autosettle: true,
        }),
      );
    } catch (error) {
      this.#state.away(error);
      if (!this.#closed) setTimeout(() => void this.#receive(consumer), 500).unref();
    }
  }

  #address(channel: string): string {
    const { pathname } = this.#url;
    const name = `${this.#namespace}.${channel}`;
    return pathname.length > 1 ? `${pathname.replace(/\/$/, '')}/${name}` : name;
  }

  async #put(channel: string, { id, body }: QueueMessage, delayMs: number): Promise<void> {
    const sender = await this.#sender(channel);
    if (!sender.connection.is_open()) throw new Error('there is no connection');
    const dueAt = Math.ceil(Date.now() + delayMs);
    await new Promise<void>((resolve, reject) => {
      const delivery = sender.send({
        durable: true,
        message_id: id,
        body,
        ...(delayMs > 0 && {
          message_annotations: { 'x-opt-scheduled-enqueue-time': new Date(dueAt) },
          application_properties: { dueAt: String(dueAt) },
        }),
      });
      this.#sending.set(delivery, { delivered: resolve, failed: reject });
    });
  }

  /** Ready to send. */
  #sender(channel: string): Promise<Sender> {
    let opened = this.#senders.get(channel);
    if (opened === undefined) {
      opened = this.#open().then(
        (connection) =>
          new Promise<Sender>((resolve, reject) => {
            this.#opening.add(reject);
            const sender = connection.open_sender({
              target: { address: this.#address(channel), durable: 2, expiry_policy: 'never' },
            });
            sender.once('sendable', () => {
              this.#opening.delete(reject);
              resolve(sender);
            });
            sender.once('sender_error', ({ sender: failed }: EventContext) => {
              this.#opening.delete(reject);
              this.#senders.delete(channel);
              reject(new Error(String(failed?.error ?? 'the broker refused the link')));
            });
          }),
      );
      opened.catch(() => this.#senders.delete(channel));
      this.#senders.set(channel, opened);
    }
    return opened;
  }

  #open(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Error('the queue is closed'));
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const rhea = (await import('rhea')).default;
    const { username, password, protocol, hostname, port } = this.#url;
    const secure = protocol === 'amqps:';
    const options = {
      host: hostname,
      port: Number(port) || (secure ? 5671 : 5672),
      ...(secure && { transport: 'tls', servername: hostname }),
      ...(username !== '' && {
        username: decodeURIComponent(username),
        password: decodeURIComponent(password),
      }),
      container_id: `${this.#namespace}-jobs-${process.pid}`,
      reconnect: true,
      initial_reconnect_delay: 200,
      max_reconnect_delay: 1_000,
      idle_time_out: 20_000,
      non_fatal_errors: [], // after a close of the broker we connect anew, and rhea does not as well
      tcp_no_delay: true, // else a connection that came back waits 40 ms for each handful of messages
    };
    const connection = rhea.create_container().connect(options as ConnectionOptions); // its type has no room for a choice of transport
    connection.on('connection_open', () => this.#state.back());
    connection.on('disconnected', ({ error }: EventContext) => this.#lost(error));
    connection.on('connection_error', ({ error, connection: ended }: EventContext) =>
      this.#refused(error ?? ended.error ?? new Error('the broker ended the connection')),
    );
    // Told of a close with an error as well, and of our own: what is left is one without a reason.
    connection.on('connection_close', ({ error, connection: ended }: EventContext) => {
      if (error || ended.is_closed()) return;
      this.#refused(new Error('the broker closed the connection'));
    });
    connection.on('error', (error: unknown) => this.#lost(error));
    const settled = (settle: (sending: Sending) => void) => (context: EventContext) => {
      const sending = context.delivery && this.#sending.get(context.delivery);
      if (!sending || !context.delivery) return;
      this.#sending.delete(context.delivery);
      settle(sending);
    };
    connection.on(
      'accepted',
      settled(({ delivered }) => delivered()),
    );
    for (const refusal of ['rejected', 'released', 'modified'] as const) {
      connection.on(
        refusal,
        settled(({ failed }) => failed(new Error(`the broker ${refusal} it`))),
      );
    }
    return connection;
  }

  /** The broker ended it, or does not let us in: rhea does not connect it again. */
  #refused(error: unknown): void {
    this.#lost(error);
    for (const fail of this.#opening) fail(error);
    this.#opening.clear();
    this.#senders.clear();
    this.#connection = undefined;
    if (this.#closed) return;
    const again = () => {
      for (const consumer of this.#consumers) void this.#receive(consumer);
    };
    setTimeout(again, 1_000).unref();
  }

  /** What was not confirmed by now is never going to be. */
  #lost(error: unknown): void {
    if (this.#closed) return;
    this.#state.away(error ?? 'the connection was lost');
    for (const { failed } of this.#sending.values()) failed(new Error('the connection was lost'));
    this.#sending.clear();
  }
}
