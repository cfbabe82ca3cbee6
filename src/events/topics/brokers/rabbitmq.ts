import { randomUUID } from 'node:crypto';
import type { AsyncMessage, Channel, Connection, Publisher } from 'rabbitmq-client';
import { BrokerState, inTime } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';
import { heardOf, isMarker, marker, type Place, placeOf } from './rabbitmq-message.ts';

/** What a topic's stream keeps. */
const kept = {
  'x-queue-type': 'stream' as const,
  'x-max-age': '1D',
  'x-max-length-bytes': 256 * 1024 * 1024,
};
/** Longest wait for an answer, in milliseconds. */
const answerMs = 3_000;
/** Most messages on their way to one listener. */
const prefetchCount = 500;

/**
 * Topics as streams of RabbitMQ 3.9 or newer: the queue `<namespace>.topic.<name>`, kept for a day.
 * Anything published to the queue is heard; messages with the header `tailorbird-position` say
 * nothing and are to be passed over by other readers.
 */
export function createRabbitmqBroker(options: BrokerOptions): Broker {
  return new RabbitmqBroker(options);
}

interface Followed {
  readonly topic: string;
  readonly listener: BrokerListener;
  /** The last message that was heard, or that was there. */
  last: Place;
  channel: Channel | undefined;
}

class RabbitmqBroker implements Broker {
  readonly name = 'rabbitmq';
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #followed = new Set<Followed>();
  readonly #declared = new Map<string, Promise<unknown>>();
  readonly #opened: Promise<void>;
  #connection: Connection | undefined;
  #publisher: Publisher | undefined;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#namespace = namespace;
    this.#state = new BrokerState('rabbitmq', log);
    this.#opened = this.#open(url);
    this.#opened.catch((error: unknown) => this.#state.away(error));
  }

  async publish(topic: string, message: EventMessage): Promise<void> {
    try {
      await this.#declare(topic);
      await this.#send(topic, message);
    } catch (error) {
      throw this.#state.unavailable('take an event', error);
    }
  }

  async listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription> {
    try {
      await this.#declare(topic);
      const last = await this.#end(topic);
      const followed: Followed = { topic, listener, last, channel: undefined };
      await this.#follow(followed);
      this.#followed.add(followed);
      return {
        stop: async () => {
          this.#followed.delete(followed);
          await closed(followed.channel);
        },
      };
    } catch (error) {
      throw this.#state.unavailable('open a topic', error);
    }
  }

  async replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null> {
    const [, offset, digest] = /^(\d{1,15})-([0-9a-f]{8})$/.exec(cursor) ?? [];
    try {
      await this.#declare(topic);
      const end = [...this.#followed].find((followed) => followed.topic === topic)?.last;
      const { offset: last } = end ?? (await this.#end(topic));
      const from = Number(offset);
      if (offset === undefined || from > last || last - from > most) return null;
      const heard: Heard[] = [];
      const reached = Promise.withResolvers<boolean>();
      let isFirst = true;
      const channel = await this.#consume(topic, from, (message, place) => {
        if (isFirst && (place.offset !== from || place.digest !== digest)) reached.resolve(false);
        isFirst = false;
        if (place.offset > from && place.offset <= last && !isMarker(message)) {
          heard.push(heardOf(message, place));
        }
        if (place.offset >= last) reached.resolve(true);
      });
      const isKept = await inTime(answerMs, reached.promise).finally(() => closed(channel));
      return isKept ? heard : null;
    } catch (error) {
      throw this.#state.unavailable('read its log', error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    clearTimeout(this.#again);
    await this.#opened.catch(() => {});
    this.#connection?.unsafeDestroy();
  }

  async #open(url: string): Promise<void> {
    const { Connection } = await import('rabbitmq-client');
    if (this.#closed) return;
    const connection = new Connection({
      url,
      connectionName: this.#namespace,
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
      this.#state.away(error);
      failed.reject(error);
    });
    connection.on('connection', () => {
      this.#declared.clear();
      this.#resumeAll();
    });
    this.#publisher = connection.createPublisher({ confirm: true });
    await inTime(answerMs, Promise.race([connection.onConnect(answerMs, true), failed.promise]));
  }

  #queue(topic: string): string {
    return `${this.#namespace}.topic.${topic}`;
  }

  async #ready(): Promise<Connection> {
    await this.#opened.catch(() => {}); // it goes on connecting
    if (this.#connection?.ready) return this.#connection;
    throw new Error('there is no connection');
  }

  /** Once for each connection; who comes meanwhile waits too, so that none overtakes. */
  async #declare(topic: string): Promise<void> {
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

  async #send(topic: string, { headers, body }: EventMessage): Promise<void> {
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
  async #end(topic: string): Promise<Place> {
    const id = randomUUID();
    const found = Promise.withResolvers<Place>();
    const channel = await this.#consume(topic, 'next', (message, place) => {
      if (message.headers?.[marker] === id) found.resolve(place);
    });
    try {
      await this.#send(topic, { headers: { [marker]: id }, body: id });
      return await inTime(answerMs, found.promise);
    } finally {
      await closed(channel);
    }
  }

  async #consume(
    topic: string,
    from: number | 'next' | 'first',
    hear: (message: AsyncMessage, place: Place) => void,
  ): Promise<Channel> {
    const connection = await this.#ready();
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on('error', (error: unknown) => this.#state.away(error));
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

  /** Hears what comes after `last`; the first message has to be that one. */
  async #follow(followed: Followed): Promise<void> {
    const { topic, listener } = followed;
    const { last } = followed;
    let isFirst = true;
    const channel = await this.#consume(topic, last.offset, (message, place) => {
      if (followed.channel !== undefined && followed.channel !== channel) return;
      const isLast = place.offset === last.offset && place.digest === last.digest;
      if (isFirst && !isLast) listener.gap();
      isFirst = false;
      if (isLast) return;
      followed.last = place;
      if (!isMarker(message)) listener.heard(heardOf(message, place));
    });
    followed.channel = channel;
    channel.once('close', () => {
      if (followed.channel === channel && this.#followed.has(followed)) this.#resumeAll();
    });
  }

  #resumeAll(): void {
    if (this.#closed || !this.#connection?.ready) return;
    Promise.all([...this.#followed].map((followed) => this.#resume(followed))).then(
      () => this.#state.back(),
      (error: unknown) => {
        // Streams come up a little after their server.
        this.#state.away(error);
        clearTimeout(this.#again);
        this.#again = setTimeout(() => this.#resumeAll(), 200).unref();
      },
    );
  }

  async #resume(followed: Followed): Promise<void> {
    if (followed.channel?.active) return;
    followed.channel = undefined;
    await this.#declare(followed.topic);
    const end = await this.#end(followed.topic);
    if (end.offset <= followed.last.offset) {
      // Another stream, in the place of the one that was read.
      followed.last = { offset: 0, digest: '' };
    }
    await this.#follow(followed);
  }
}

async function closed(channel: Channel | undefined): Promise<void> {
  if (channel?.active) await channel.close().catch(() => {}); // it is gone either way
}
