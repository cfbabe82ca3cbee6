import type { Connection, ConnectionOptions, Delivery, EventContext, Receiver, Sender } from 'rhea';
import { BrokerState, inTime, reasonOf } from '../../broker-state.ts';
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
    const open = async (): Promise<void> => {
      try {
        const connection = await this.#open();
        if (this.#closed) return;
        consumer.open(
          connection.open_receiver({
            source: { address: this.#address(channel), durable: 2, expiry_policy: 'never' },
            credit_window: 0,
            autoaccept: false,
            autosettle: true,
          }),
        );
      } catch (error) {
        this.#state.away(error);
        if (!this.#closed) setTimeout(() => void open(), 500).unref();
      }
    };
    void open();
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
            const sender = connection.open_sender({
              target: { address: this.#address(channel), durable: 2, expiry_policy: 'never' },
            });
            sender.once('sendable', () => resolve(sender));
            sender.once('sender_error', ({ sender: failed }: EventContext) => {
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
    };
    const connection = rhea.create_container().connect(options as ConnectionOptions); // its type has no room for a choice of transport
    connection.on('connection_open', () => this.#state.back());
    connection.on('disconnected', ({ error }: EventContext) => this.#lost(error));
    connection.on('connection_error', ({ connection: lost }: EventContext) =>
      this.#lost(lost.error),
    );
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

  /** What was not confirmed by now is never going to be. */
  #lost(error: unknown): void {
    if (this.#closed) return;
    this.#state.away(error ?? 'the connection was lost');
    for (const { failed } of this.#sending.values()) failed(new Error('the connection was lost'));
    this.#sending.clear();
  }
}

interface Amqp1ConsumerOptions extends ConsumeOptions {
  readonly channel: string;
  readonly again: (message: QueueMessage, afterMs: number) => Promise<void>;
  readonly log: (message: string) => void;
}

class Amqp1Consumer implements Consumer {
  readonly #options: Amqp1ConsumerOptions;
  readonly #inHand = new Set<Promise<void>>();
  readonly #kept = new Set<NodeJS.Timeout>();
  #receiver: Receiver | undefined;
  /** How many more may come than the broker has been told. */
  #room = 0;
  #closed = false;

  constructor(options: Amqp1ConsumerOptions) {
    this.#options = options;
  }

  open(receiver: Receiver): void {
    if (this.#closed) return;
    this.#receiver = receiver;
    receiver.on('message', (context: EventContext) => {
      this.#take(context);
      this.#ask();
    });
    // Also when it is opened again on a new connection: what was lent before is not ours any more.
    receiver.on('receiver_open', () => {
      for (const timer of this.#kept) clearTimeout(timer);
      this.#kept.clear();
      this.#room = Math.max(1, this.#options.concurrency - this.#inHand.size);
      this.#ask();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#kept) clearTimeout(timer);
    await Promise.all(this.#inHand);
    this.#receiver?.close();
  }

  /** Tells the broker when nothing is on its way: RabbitMQ 3 forgets what is, and sends too many. */
  #ask(more = 0): void {
    this.#room += more;
    const receiver = this.#receiver as (Receiver & { readonly credit: number }) | undefined; // its types leave it out
    if (this.#closed || this.#room === 0 || !receiver || receiver.credit > 0) return;
    receiver.add_credit(this.#room);
    this.#room = 0;
  }

  #take(context: EventContext): void {
    const { message, delivery } = context;
    if (this.#closed || !message || !delivery) return; // unsettled, it goes back
    const waitMs = Number(message.application_properties?.['dueAt'] ?? 0) - Date.now();
    if (waitMs <= 0) return this.#start(context);
    this.#ask(1); // kept until its time, in the place of none
    const timer = setTimeout(
      () => {
        this.#kept.delete(timer);
        this.#take(context);
      },
      Math.min(waitMs, 2 ** 31 - 1),
    ).unref();
    this.#kept.add(timer);
  }

  #start(context: EventContext): void {
    const { message, delivery } = context;
    if (!message || !delivery) return;
    if (this.#inHand.size >= this.#options.concurrency) {
      void Promise.race(this.#inHand).then(() => this.#take(context));
      return;
    }
    const wasKept = message.application_properties?.['dueAt'] !== undefined;
    const id = String(message.message_id ?? '');
    const work: Promise<void> = this.#deliver({ id, body: String(message.body ?? '') })
      .then(
        () => delivery.accept(),
        (error: unknown) => {
          this.#options.log(`queue "${this.#options.channel}": ${reasonOf(error)}`);
          delivery.release();
        },
      )
      .catch(() => {}) // its connection is gone, and it comes again on the next
      .finally(() => {
        this.#inHand.delete(work);
        this.#ask(wasKept ? 0 : 1);
      });
    this.#inHand.add(work);
  }

  async #deliver(message: QueueMessage): Promise<void> {
    const { handle, again, log, channel } = this.#options;
    let outcome: Outcome;
    try {
      outcome = await handle(message);
    } catch (error) {
      log(`queue "${channel}": the message ${message.id} comes again: ${reasonOf(error)}`);
      outcome = { kind: 'again', afterMs: afterThrowMs };
    }
    if (outcome.kind === 'done') return;
    await again({ id: message.id, body: outcome.body ?? message.body }, outcome.afterMs);
  }
}
