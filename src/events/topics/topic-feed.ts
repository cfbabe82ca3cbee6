import { setImmediate as nextTurn } from 'node:timers/promises';
import { reasonOf } from '../broker-state.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { Topic } from '../define-topic.ts';
import type { EventsObserver } from '../observer.ts';
import type { Broker, BrokerSubscription, Heard } from './broker.ts';
import { BackendFeed } from './backend-feed.ts';
import { HeardIds } from './heard-ids.ts';
import { type ReadEvent, readTopicEvent } from './read-topic-event.ts';
import type { TopicEvent, TopicReader } from './topic-reader.ts';
import { TopicReaders } from './topic-readers.ts';

export interface TopicFeedOptions {
  readonly topic: Topic;
  readonly broker: Broker;
  readonly observer: EventsObserver;
  readonly invalidate: (tags: readonly string[]) => Promise<void>;
  readonly log: (message: string) => void;
  /** Opens what a backend streams, and publishes it; where topics stay in this process. @default none */
  readonly fed?: {
    readonly open: (signal: AbortSignal) => AsyncIterable<unknown>;
    readonly publish: (event: unknown) => Promise<unknown>;
  };
}

/** Hears whole events of a topic, in every instance. */
export type TopicListener = (event: CloudEvent) => void;

/** How long a topic that nobody reads is still heard, for readers that come right back. */
const lingerMs = 1_000;
/** Events that a reader that comes back finds here, without asking the broker. */
const recentLength = 200;
/** How long events are handed out before what they came to has its turn to be sent, and other work. */
const turnMs = 20;
/** Most that is read again from the broker's log for one reader. */
const mostReplayed = 5_000;
/** Waits between attempts to hear a topic that has to be heard, in milliseconds. */
const retryMs = { first: 100, most: 2_000 };

/** One topic in this process: one subscription at the broker, however many read. */
export class TopicFeed {
  readonly #options: TopicFeedOptions;
  readonly #readers = new TopicReaders();
  readonly #listeners = new Set<TopicListener>();
  readonly #recent: TopicEvent[] = [];
  readonly #heardIds = new HeardIds();
  /** Set while the broker is asked to be heard, and after. */
  #heard: Promise<BrokerSubscription> | undefined;
  #isHeard = false;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Events are read one after the other, so that none overtakes. */
  #reading: Promise<void> = Promise.resolve();
  #handingOutMs = 0;
  #isClosed = false;
  #backend: BackendFeed | undefined;

  constructor(options: TopicFeedOptions) {
    this.#options = options;
    if (this.#isPermanent) this.#keepListening();
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Hears the topic's backend from now on, however few read, when caches depend on it. */
  open(): void {
    if (this.#isPermanent) this.#feed();
  }

  /** Whether the broker has a subscription of ours. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Resolves when events come. Fails: BackendError UPSTREAM_UNAVAILABLE. */
  async listening(): Promise<void> {
    this.#cancelStop();
    await this.#listen();
  }

  add(reader: TopicReader): void {
    this.#cancelStop();
    this.#feed();
    this.#readers.add(reader);
  }

  remove(reader: TopicReader): void {
    this.#readers.remove(reader);
    this.#stopWhenIdle();
  }

  listen(listener: TopicListener): () => void {
    this.#listeners.add(listener);
    this.#cancelStop();
    this.#feed();
    this.#keepListening();
    return () => {
      this.#listeners.delete(listener);
      this.#stopWhenIdle();
    };
  }

  /** What came after the cursor; null when nobody knows any more. */
  async after(cursor: string): Promise<readonly TopicEvent[] | null> {
    const { topic, broker } = this.#options;
    const known = this.#recent.findIndex((event) => event.cursor === cursor);
    if (known >= 0) return this.#recent.slice(known + 1);
    const prefix = `${broker.name}:`;
    if (!cursor.startsWith(prefix)) return null;
    const log = await broker.replay(topic.name, cursor.slice(prefix.length), mostReplayed);
    if (log === null) return null;
    const events = await Promise.all(log.map((message) => this.#read(message)));
    return events.flatMap((read) => (read ? [read.event] : []));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const reader of this.#readers) await reader.return();
    clearTimeout(this.#timer);
    await this.#stop();
  }

  get #isPermanent(): boolean {
    return this.#options.topic.invalidates;
  }

  #listen(): Promise<BrokerSubscription> {
    if (this.#heard) return this.#heard;
    const { topic, broker } = this.#options;
    const heard = broker.listen(topic.name, {
      heard: (message) => this.#hear(message),
      gap: () => this.#gap(),
    });
    this.#heard = heard;
    heard.then(
      () => {
        this.#attempt = 0;
        this.#isHeard = this.#heard === heard;
      },
      () => {
        if (this.#heard === heard) this.#heard = undefined;
      },
    );
    return heard;
  }

  /** For topics that have to be heard: again and again until there is a broker. */
  #keepListening(): void {
    this.#listen().catch((error: unknown) => {
      if (this.#isClosed || (!this.#isPermanent && this.#listeners.size === 0)) return;
      if (this.#attempt === 0) {
        this.#options.log(
          `topic "${this.#options.topic.name}" is not heard yet: ${reasonOf(error)}`,
        );
      }
      const waitMs = Math.min(retryMs.most, retryMs.first * 2 ** this.#attempt++);
      this.#timer = setTimeout(() => {
        this.#keepListening();
        // What was said before the first subscription is lost to caches too.
        this.#listen().then(
          () => this.#gap(),
          () => {},
        );
      }, waitMs).unref();
    });
  }

  #hear(message: Heard): void {
    this.#reading = this.#reading
      .then(async () => {
        const read = await this.#read(message);
        if (!read || this.#isClosed) return;
        const { event, envelope } = read;
        const { topic, observer, invalidate } = this.#options;
        if (!this.#heardIds.note(event.id)) return;
        // Here at once; in the shared store before a reader of this event can ask it.
        void invalidate(topic.tags(event.data));
        this.#recent.push(event);
        if (this.#recent.length > recentLength) this.#recent.shift();
        const startedAt = performance.now();
        const readers = this.#readers.offer(event);
        for (const listener of this.#listeners) listener(envelope);
        observer.delivered(topic.name, readers);
        this.#handingOutMs += performance.now() - startedAt;
        if (this.#handingOutMs < turnMs) return;
        this.#handingOutMs = 0;
        await nextTurn();
      })
      .catch((error: unknown) => {
        this.#malformed(error);
      });
  }

  /** The event in a message, or null after the log was told why it is none. */
  async #read(message: Heard): Promise<ReadEvent | null> {
    const { topic, broker } = this.#options;
    try {
      return await readTopicEvent(topic, broker.name, message);
    } catch (error) {
      this.#malformed(error);
      return null;
    }
  }

  #malformed(error: unknown): void {
    const { topic, broker, observer, log } = this.#options;
    observer.dropped(topic.name, 'malformed');
    log(`topic "${topic.name}": what came over ${broker.name} is dropped: ${reasonOf(error)}`);
  }

  #gap(): void {
    const { topic, observer, log } = this.#options;
    observer.gap(topic.name);
    log(`topic "${topic.name}": events may have been missed; its readers are told`);
    this.#recent.length = 0;
    for (const reader of this.#readers) reader.gap();
  }

  #feed(): void {
    const { topic, fed, log } = this.#options;
    if (!fed || this.#isClosed) return;
    this.#backend ??= new BackendFeed({ topic: topic.name, ...fed, gap: () => this.#gap(), log });
  }

  #stopWhenIdle(): void {
    if (this.#isPermanent || this.#listeners.size > 0 || this.readers > 0 || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#stop(), lingerMs).unref();
  }

  #cancelStop(): void {
    if (!this.#isPermanent) clearTimeout(this.#timer);
  }

  async #stop(): Promise<void> {
    this.#backend?.stop();
    this.#backend = undefined;
    const heard = this.#heard;
    this.#heard = undefined;
    this.#isHeard = false;
    // Nobody hears what comes from here on.
    this.#recent.length = 0;
    const subscription = await heard?.catch(() => undefined);
    await subscription?.stop();
  }
}
