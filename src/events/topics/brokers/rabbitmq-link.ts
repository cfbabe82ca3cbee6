import { randomUUID } from 'node:crypto';
import type { AsyncMessage, Channel, Connection, Publisher } from 'rabbitmq-client';
import { type BrokerState, inTime } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import { marker, type Place, placeOf } from './rabbitmq-message.ts';

export interface RabbitmqLinkOptions {
  readonly url: string;
  readonly namespace: string;
  readonly state: BrokerState;
  /** Runs whenever there is a connection; channels of the last one are gone. */
  readonly back: () => void;
}

/** What a topic's stream keeps. */
const kept = {
  'x-queue-type': 'stream' as const,
  'x-max-age': '1D',
  'x-max-length-bytes': 256 * 1024 * 1024,
};
/** Longest wait for an answer, in milliseconds. */
export const answerMs = 3_000;
/** Most messages on their way to one listener. */
const prefetchCount = 500;

/** A connection to RabbitMQ that comes back by itself, and the streams behind it. */
export class RabbitmqLink {
  readonly #options: RabbitmqLinkOptions;
  readonly #declared = new Map<string, Promise<unknown>>();
  readonly #opened: Promise<void>;
  #connection: Connection | undefined;
  #publisher: Publisher | undefined;
  #closed = false;

  constructor(options: RabbitmqLinkOptions) {
    this.#options = options;
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => options.state.away(error));
  }

  get isUp(): boolean {
    return this.#connection?.ready === true;
  }

  /** Makes a topic's stream, once for each connection; who comes meanwhile waits too, so that none overtakes. */
  async declare(topic: string): Promise<void> {
    const connection = await this.#ready();
    let declared = this.#declared.get(topic);
    if (declared === undefined) {
      const queue = this.#queue(topic);
      // One that was made with other limits is as good.
      declared = connection
        .queueDeclare({ queue, passive: true })
        .catch(() => connection.queueDeclare({ queue, durable: true, arguments: kept }));
      declared.catch(() => this.#declared.delete(topic));
      this.#declared.set(topic, declared);
    }
    await declared;
  }

  async send(topic: string, { headers, body }: EventMessage): Promise<void> {
    await this.#ready();
    const { 'content-type': contentType, ...rest } = headers;
    const envelope = { routingKey: this.#queue(topic), durable: true, headers: rest };
    await inTime(
      answerMs,
      this.#publisher!.send(
        { ...envelope, ...(contentType !== undefined && { contentType }) },
        Buffer.from(body),
      ),
    );
  }

  /** Where the stream ends: writes a marker, and reads until it comes. */
  async end(topic: string): Promise<Place> {
    const id = randomUUID();
    const found = Promise.withResolvers<Place>();
    const channel = await this.consume(topic, 'next', (message, place) => {
      if (message.headers?.[marker] === id) found.resolve(place);
    });
    try {
      await this.send(topic, { headers: { [marker]: id }, body: id });
      return await inTime(answerMs, found.promise);
    } finally {
      await closed(channel);
    }
  }

  async consume(
    topic: string,
    from: number | 'next' | 'first',
    hear: (message: AsyncMessage, place: Place) => void,
  ): Promise<Channel> {
    const connection = await this.#ready();
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on('error', (error: unknown) => this.#options.state.away(error));
    await channel.basicQos({ prefetchCount });
    const offset = typeof from === 'number' ? BigInt(from) : from;
    await channel.basicConsume(
      { queue: this.#queue(topic), arguments: { 'x-stream-offset': offset } },
      (message) => {
        if (!channel.active) return;
        channel.basicAck({ deliveryTag: message.deliveryTag });
        hear(message, placeOf(message));
      },
    );
    return channel;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opened.catch(() => {});
    this.#connection?.unsafeDestroy();
  }

  async #open(): Promise<void> {
    const { Connection } = await import('rabbitmq-client');
    const { url, namespace, state, back } = this.#options;
    if (this.#closed) return;
    const connection = new Connection({
      url,
      connectionName: namespace,
      acquireTimeout: answerMs,
      connectionTimeout: answerMs,
      heartbeat: 10,
      retryLow: 200,
      retryHigh: 1_000,
    });
    this.#connection = connection;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // one that comes after it has opened is for the log alone
    connection.on('error', (error: unknown) => {
      state.away(error);
      failed.reject(error);
    });
    connection.on('connection', () => {
      this.#declared.clear();
      back();
    });
    this.#publisher = connection.createPublisher({ confirm: true });
    await inTime(answerMs, Promise.race([connection.onConnect(answerMs, true), failed.promise]));
  }

  #queue(topic: string): string {
    return `${this.#options.namespace}.topic.${topic}`;
  }

  async #ready(): Promise<Connection> {
    await this.#opened.catch(() => {}); // it goes on connecting
    if (this.#connection?.ready) return this.#connection;
    throw new Error('there is no connection');
  }
}

export async function closed(channel: Channel | undefined): Promise<void> {
  if (channel?.active) await channel.close().catch(() => {}); // it is gone either way
}
