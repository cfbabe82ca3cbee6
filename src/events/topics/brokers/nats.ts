import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { BrokerState } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';
import { answerMs, NatsLink } from './nats-connection.ts';

/** How long a topic's messages are kept, in nanoseconds: a day. */
const keptNanos = 86_400 * 1e9;
/** Most that a topic keeps, in bytes. */
const keptBytes = 256 * 1024 * 1024;

/**
 * Topics as streams of NATS JetStream: `<namespace>_<name>` keeps the subject
 * `<namespace>.topic.<name>` for a day. Anything published to the subject is heard.
 */
export function createNatsBroker(options: BrokerOptions): Broker {
  return new NatsBroker(options);
}

interface Followed {
  readonly topic: string;
  readonly listener: BrokerListener;
  /** The stream that `last` counts in: when it was made. */
  epoch: string;
  /** Number of the last message that was heard, or that was there. */
  last: number;
  reading: { readonly consumer: Consumer; readonly messages: ConsumerMessages } | undefined;
}

class NatsBroker implements Broker {
  readonly name = 'nats';
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #link: NatsLink;
  readonly #followed = new Set<Followed>();
  readonly #streams = new Map<string, Promise<void>>();
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#namespace = namespace;
    const state = new BrokerState('nats', log);
    this.#state = state;
    this.#link = new NatsLink({
      url,
      name: namespace,
      state,
      back: () => {
        this.#streams.clear();
        if (this.#followed.size > 0) this.#resumeAll();
        else state.back();
      },
    });
  }

  async publish(topic: string, { headers, body }: EventMessage): Promise<void> {
    try {
      const { connection, jetstream } = await this.#link.ready();
      const { headers: makeHeaders } = await import('@nats-io/transport-node');
      await this.#makeStream(topic);
      const sent = makeHeaders();
      for (const [name, value] of Object.entries(headers)) sent.set(name, value);
      if (connection.isClosed()) throw new Error('the connection is closed');
      await jetstream.publish(this.#subject(topic), body, { headers: sent, timeout: answerMs });
    } catch (error) {
      this.#streams.delete(topic); // it may have to be made again
      throw this.#state.unavailable('take an event', error);
    }
  }

  async listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription> {
    try {
      const { epoch, last } = await this.#stream(topic);
      const followed: Followed = { topic, listener, epoch, last, reading: undefined };
      await this.#read(followed);
      this.#followed.add(followed);
      return {
        stop: async () => {
          this.#followed.delete(followed);
          await endReading(followed);
        },
      };
    } catch (error) {
      throw this.#state.unavailable('open a topic', error);
    }
  }

  async replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null> {
    const [, epoch, number] = /^([0-9a-z]+)-(\d+)$/.exec(cursor) ?? [];
    try {
      const stream = await this.#stream(topic);
      const after = Number(number);
      if (epoch !== stream.epoch || after > stream.last || after < stream.first - 1) return null;
      if (stream.last - after > most) return null;
      const heard: Heard[] = [];
      if (after === stream.last) return heard;
      const consumer = await this.#consumer(topic, after + 1);
      try {
        const messages = await consumer.consume();
        for await (const message of messages) {
          heard.push(heardOf(message, stream.epoch));
          if (message.seq >= stream.last) break;
        }
      } finally {
        await consumer.delete().catch(() => {});
      }
      return heard;
    } catch (error) {
      throw this.#state.unavailable('read its log', error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    clearTimeout(this.#again);
    await this.#link.close();
  }

  #subject(topic: string): string {
    return `${this.#namespace}.topic.${topic}`;
  }

  #streamName(topic: string): string {
    return `${this.#namespace}_${topic.replaceAll('.', '_')}`;
  }

  #resumeAll(): void {
    Promise.all([...this.#followed].map((followed) => this.#resume(followed))).then(
      () => this.#state.back(),
      (error: unknown) => {
        // JetStream comes up a little after its server.
        this.#state.away(error);
        if (this.#closed || this.#link.isDown) return;
        clearTimeout(this.#again);
        this.#again = setTimeout(() => this.#resumeAll(), 200).unref();
      },
    );
  }

  /** Goes on after the last message that was heard, and says when some of those are gone. */
  async #resume(followed: Followed): Promise<void> {
    await endReading(followed);
    const { epoch, first, last } = await this.#stream(followed.topic);
    const isAnother = epoch !== followed.epoch || last < followed.last;
    const isTrimmed = first > followed.last + 1;
    followed.epoch = epoch;
    if (isAnother) followed.last = 0;
    if (this.#followed.has(followed)) await this.#read(followed);
    if (isAnother || isTrimmed) followed.listener.gap();
  }

  async #read(followed: Followed): Promise<void> {
    const { topic, listener } = followed;
    const consumer = await this.#consumer(topic, followed.last + 1);
    const messages = await consumer.consume({
      max_messages: 500,
      callback: (message) => {
        if (followed.reading?.consumer !== consumer || message.seq <= followed.last) return;
        followed.last = message.seq;
        listener.heard(heardOf(message, followed.epoch));
      },
    });
    followed.reading = { consumer, messages };
  }

  async #consumer(topic: string, from: number): Promise<Consumer> {
    const { jetstream } = await this.#link.ready();
    return jetstream.consumers.get(this.#streamName(topic), {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: from,
    });
  }

  /** Where the topic's stream is. */
  async #stream(
    topic: string,
  ): Promise<{ readonly epoch: string; readonly first: number; readonly last: number }> {
    const { manager } = await this.#link.ready();
    await this.#makeStream(topic);
    const { created, state } = await manager.streams.info(this.#streamName(topic));
    return {
      epoch: Date.parse(created).toString(36),
      first: state.first_seq,
      last: state.last_seq,
    };
  }

  /** Once for each connection; who comes meanwhile waits too, so that none overtakes. */
  async #makeStream(topic: string): Promise<void> {
    const { manager } = await this.#link.ready();
    let made = this.#streams.get(topic);
    if (made === undefined) {
      const name = this.#streamName(topic);
      const wanted = { subjects: [this.#subject(topic)], max_age: keptNanos, max_bytes: keptBytes };
      // One that was made with other limits is as good.
      made = manager.streams.add({ name, ...wanted }).then(
        () => {},
        (error: unknown) =>
          manager.streams.info(name).then(
            () => {},
            () => Promise.reject(error),
          ),
      );
      made.catch(() => this.#streams.delete(topic));
      this.#streams.set(topic, made);
    }
    await made;
  }
}

async function endReading(followed: Followed): Promise<void> {
  const { reading } = followed;
  followed.reading = undefined;
  if (!reading) return;
  reading.messages.stop();
  await reading.consumer.delete().catch(() => {}); // one that is gone is gone
}

function heardOf(message: JsMsg, epoch: string): Heard {
  return {
    headers: headersOf(message.headers),
    body: message.string(),
    cursor: `${epoch}-${message.seq}`,
  };
}

function headersOf(headers: MsgHdrs | undefined): Readonly<Record<string, string>> {
  if (!headers) return {};
  return Object.fromEntries(headers.keys().map((name) => [name.toLowerCase(), headers.get(name)]));
}
