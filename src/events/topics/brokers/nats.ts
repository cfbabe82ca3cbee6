import type {
  Consumer,
  ConsumerMessages,
  JetStreamClient,
  JetStreamManager,
  JsMsg,
} from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { BrokerState, inTime } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';

/** How long a topic's messages are kept, in nanoseconds: a day. */
const keptNanos = 86_400 * 1e9;
/** Most that a topic keeps, in bytes. */
const keptBytes = 256 * 1024 * 1024;
/** Longest wait for an answer, in milliseconds. */
const answerMs = 2_000;

/**
 * Topics as streams of NATS JetStream: `<namespace>_<name>` keeps the subject
 * `<namespace>.topic.<name>` for a day. Anything published to the subject is heard.
 */
export function createNatsBroker(options: BrokerOptions): Broker {
  return new NatsBroker(options);
}

interface Connected {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
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
  readonly #url: string;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #followed = new Set<Followed>();
  readonly #streams = new Map<string, Promise<void>>();
  #connected: Promise<Connected> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#url = url;
    this.#namespace = namespace;
    this.#state = new BrokerState('nats', log);
    this.#connect().catch(() => {}); // the log has been told
  }

  async publish(topic: string, { headers, body }: EventMessage): Promise<void> {
    try {
      const { connection, jetstream } = await this.#ready();
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
    clearTimeout(this.#retry);
    const connected = await this.#connected?.catch(() => undefined);
    await connected?.connection.close().catch(() => {});
  }

  #subject(topic: string): string {
    return `${this.#namespace}.topic.${topic}`;
  }

  #streamName(topic: string): string {
    return `${this.#namespace}_${topic.replaceAll('.', '_')}`;
  }

  /** The connection; what is asked while there is none fails at once. */
  async #ready(): Promise<Connected> {
    const connected = await inTime(answerMs, this.#connect());
    if (this.#isDown) throw new Error('there is no connection');
    return connected;
  }

  #isDown = false;

  #connect(): Promise<Connected> {
    this.#connected ??= this.#open().catch((error: unknown) => {
      this.#state.away(error);
      this.#connected = undefined;
      clearTimeout(this.#retry);
      if (!this.#closed) {
        this.#retry = setTimeout(() => this.#connect().catch(() => {}), 500).unref();
      }
      throw error;
    });
    return this.#connected;
  }

  async #open(): Promise<Connected> {
    const [{ connect }, { jetstream, jetstreamManager }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ]);
    const { username, password, protocol, host } = new URL(this.#url);
    const connection = await connect({
      servers: host,
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { pass: decodeURIComponent(password) }),
      ...(protocol === 'tls:' && { tls: {} }),
      name: this.#namespace,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      timeout: answerMs,
      pingInterval: 5_000,
      maxPingOut: 2,
    });
    if (this.#closed) await connection.close();
    else this.#watch(connection);
    const manager = await jetstreamManager(connection, { timeout: answerMs });
    this.#isDown = false;
    this.#state.back();
    return { connection, jetstream: jetstream(connection, { timeout: answerMs }), manager };
  }

  #watch(connection: NatsConnection): void {
    const follow = async () => {
      for await (const { type } of connection.status()) {
        if (type === 'disconnect') {
          this.#isDown = true;
          this.#state.away('the connection was lost');
        } else if (type === 'reconnect') {
          this.#isDown = false;
          this.#streams.clear();
          this.#resumeAll();
        }
      }
    };
    void follow();
    void connection.closed().then((reason) => {
      if (this.#closed) return;
      this.#isDown = true;
      this.#state.away(reason ?? 'the connection was closed');
      this.#connected = undefined;
      this.#connect().then(
        () => this.#resumeAll(),
        () => {},
      );
    });
  }

  #resumeAll(): void {
    Promise.all([...this.#followed].map((followed) => this.#resume(followed))).then(
      () => this.#state.back(),
      (error: unknown) => {
        // JetStream comes up a little after its server.
        this.#state.away(error);
        if (this.#closed || this.#isDown) return;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#resumeAll(), 200).unref();
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
    const { jetstream } = await this.#ready();
    return jetstream.consumers.get(this.#streamName(topic), {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: from,
    });
  }

  /** Where the topic's stream is. */
  async #stream(
    topic: string,
  ): Promise<{ readonly epoch: string; readonly first: number; readonly last: number }> {
    const { manager } = await this.#ready();
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
    const { manager } = await this.#ready();
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
