import type { RedisClientType } from '@redis/client';
import { BrokerState, inTime, reasonOf } from '../../broker-state.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';

/** Messages of a topic that Redis keeps, about. */
const logLength = 10_000;
/** Longest wait for an answer, in milliseconds. */
const answerMs = 2_000;
/** How long one read waits for messages, in milliseconds. */
const blockMs = 2_000;
/** Most messages of one read. */
const readLength = 500;

/**
 * Topics as streams of Redis 6.2 or newer: `<namespace>:topic:<name>`, an entry a message, with the
 * fields `body` and, where it has any, `headers` as JSON. Any `XADD` is heard.
 *
 * One connection reads all topics and waits for what comes; another one writes.
 */
export function createRedisBroker(options: BrokerOptions): Broker {
  return new RedisBroker(options);
}

type Client = RedisClientType<{}, {}, {}, 2>;

interface Followed {
  readonly topic: string;
  readonly listener: BrokerListener;
  /** Id of the last entry that was heard, or that was there. */
  last: string;
}

class RedisBroker implements Broker {
  readonly name = 'redis';
  readonly #url: string;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #followed = new Map<string, Followed>();
  readonly #opened: Promise<void>;
  #writer: Client | undefined;
  #reader: Client | undefined;
  /** The reader's connection, by the number that Redis gave it. */
  #readerId: number | undefined;
  /** Which connection of the reader reads now. */
  #round = 0;
  #wake: (() => void) | undefined;
  /** What the read that waits now waits for. */
  #awaited: ReadonlySet<Followed> = new Set();
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#url = url;
    this.#namespace = namespace;
    this.#state = new BrokerState('redis', log);
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => this.#state.away(error));
  }

  async publish(topic: string, { headers, body }: Omit<Heard, 'cursor'>): Promise<void> {
    const fields = ['body', body, 'headers', JSON.stringify(headers)];
    const trim = ['MAXLEN', '~', String(logLength)];
    await this.#ask('take an event', (client) =>
      client.sendCommand(['XADD', this.#key(topic), ...trim, '*', ...fields]),
    );
  }

  async listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription> {
    const followed: Followed = { topic, listener, last: await this.#end(topic) };
    this.#followed.set(topic, followed);
    this.#readAnew();
    return {
      stop: async () => {
        if (this.#followed.get(topic) === followed) this.#followed.delete(topic);
        this.#readAnew();
      },
    };
  }

  async replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null> {
    if (!/^\d+-\d+$/.test(cursor)) return null;
    const entries = (await this.#ask('read its log', (client) =>
      client.sendCommand(['XRANGE', this.#key(topic), cursor, '+', 'COUNT', String(most + 2)]),
    )) as unknown as readonly Entry[];
    // The log reaches back when it still has where we were.
    if (entries[0]?.[0] !== cursor || entries.length > most + 1) return null;
    return entries.slice(1).map(heardOf);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    this.#wake?.();
    await this.#opened.catch(() => {});
    for (const client of [this.#reader, this.#writer]) client?.destroy();
  }

  async #open(): Promise<void> {
    const { createClient } = await import('@redis/client');
    if (this.#closed) return;
    const options = {
      url: this.#url,
      RESP: 2 as const, // streams come as lists, not maps
      disableOfflineQueue: true,
      socket: {
        connectTimeout: answerMs,
        reconnectStrategy: (attempt: number) =>
          Math.min(1_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
      },
    };
    const writer: Client = createClient(options);
    const reader: Client = createClient(options);
    this.#writer = writer;
    this.#reader = reader;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // one that comes after it has opened is for the log alone
    for (const client of [writer, reader]) {
      client.on('error', (error: unknown) => {
        this.#state.away(error);
        failed.reject(error);
      });
    }
    reader.on('ready', () => {
      this.#read().catch((error: unknown) => this.#state.away(error));
    });
    const connected = Promise.all([writer.connect(), reader.connect()]);
    // Ends with the client when it is destroyed before it has connected.
    connected.catch(() => {});
    await inTime(answerMs, Promise.race([connected, failed.promise]));
  }

  async #ask<Answer>(doing: string, ask: (client: Client) => Promise<Answer>): Promise<Answer> {
    try {
      await this.#opened.catch(() => {}); // it goes on connecting
      if (!this.#writer?.isReady) throw new Error('there is no connection');
      return await inTime(answerMs, ask(this.#writer));
    } catch (error) {
      throw this.#state.unavailable(doing, error);
    }
  }

  #key(topic: string): string {
    return `${this.#namespace}:topic:${topic}`;
  }

  async #end(topic: string): Promise<string> {
    const entries = (await this.#ask('open a topic', (client) =>
      client.sendCommand(['XREVRANGE', this.#key(topic), '+', '-', 'COUNT', '1']),
    )) as unknown as readonly Entry[];
    return entries[0]?.[0] ?? '0-0';
  }

  /** What is followed has changed: a read that waits for something else begins again. */
  #readAnew(): void {
    this.#wake?.();
    const isOutdated =
      this.#awaited.size !== this.#followed.size ||
      [...this.#followed.values()].some((followed) => !this.#awaited.has(followed));
    if (!isOutdated || this.#closed || this.#readerId === undefined || !this.#writer?.isReady) {
      return;
    }
    this.#writer.sendCommand(['CLIENT', 'UNBLOCK', String(this.#readerId)]).catch(() => {
      // It goes on by itself when its wait is over.
    });
    // The read may have been on its way, and begin to wait only after that.
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#readAnew(), 10).unref();
  }

  /** Reads as long as this connection lasts. */
  async #read(): Promise<void> {
    const round = ++this.#round;
    const reader = this.#reader!;
    const isCurrent = () => !this.#closed && round === this.#round && reader.isReady;
    this.#readerId = Number(await reader.sendCommand(['CLIENT', 'ID']));
    await this.#findGaps(reader);
    this.#state.back();
    while (isCurrent()) {
      const followed = [...this.#followed.values()];
      this.#awaited = new Set(followed);
      if (followed.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const keys = followed.map(({ topic }) => this.#key(topic));
      const ids = followed.map(({ last }) => last);
      const count = ['COUNT', String(readLength), 'BLOCK', String(blockMs)];
      const reading = reader.sendCommand(['XREAD', ...count, 'STREAMS', ...keys, ...ids]);
      const streams = (await inTime(blockMs + answerMs, reading).catch((error: unknown) => {
        // Silent, but not closed: a connection of its own tells whether it is back.
        if (isCurrent()) this.#reconnect(error);
        return null;
      })) as unknown as readonly (readonly [string, readonly Entry[]])[] | null;
      for (const [key, entries] of streams ?? []) this.#heard(key, entries, followed);
    }
  }

  #heard(key: string, entries: readonly Entry[], followed: readonly Followed[]): void {
    const one = followed.find(({ topic }) => this.#key(topic) === key);
    for (const entry of entries) {
      if (!one || this.#followed.get(one.topic) !== one) return;
      one.last = entry[0];
      one.listener.heard(heardOf(entry));
    }
  }

  #reconnect(why: unknown): void {
    this.#state.away(why);
    const reader = this.#reader!;
    this.#round += 1;
    reader.destroy();
    reader.connect().catch((reason: unknown) => this.#state.away(reason));
  }

  /** After a reconnect: what is not in the log any more has been missed. */
  async #findGaps(reader: Client): Promise<void> {
    for (const { topic, last, listener } of this.#followed.values()) {
      if (last === '0-0') continue;
      const entries = await reader.sendCommand(['XRANGE', this.#key(topic), last, last]);
      if ((entries as unknown as readonly Entry[]).length === 0) listener.gap();
    }
  }
}

/** An entry of a stream: its id, and its fields and values in turn. */
type Entry = readonly [id: string, fields: readonly string[]];

function heardOf([id, fields]: Entry): Heard {
  const value = (name: string): string | undefined => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
    return at < 0 ? undefined : fields[at + 1];
  };
  return { headers: headersOf(value('headers')), body: value('body') ?? '', cursor: id };
}

function headersOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  try {
    return Object.fromEntries(
      Object.entries(JSON.parse(text) as object).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    );
  } catch (error) {
    return { 'content-type': `malformed: ${reasonOf(error)}` };
  }
}
