import type { CloudEvent } from '../cloud-event.ts';
import { cloudEvent, toStructured } from '../cloud-event.ts';
import type { PublishOptions, SubscribeTopicOptions, Topic } from '../define-topic.ts';
import { describePlace } from '../../definition-place.ts';
import { didYouMean } from '../../nearest-name.ts';
import type { RequestContext } from '../../request.ts';
import type { EventsObserver } from '../observer.ts';
import { validated } from '../standard-schema.ts';
import type { Broker } from './broker.ts';
import type { EventPosition } from './event-position.ts';
import { TopicFeed, type TopicListener } from './topic-feed.ts';
import { TopicReader } from './topic-reader.ts';

export interface LiveTopicsOptions {
  readonly topics: readonly Topic[];
  /** Closed with the topics. */
  readonly broker: Broker;
  /** Who publishes here, a URI reference: `/bff/web`. */
  readonly source: string;
  readonly invalidate: (tags: readonly string[]) => Promise<void>;
  readonly observer: EventsObserver;
  readonly log: (message: string) => void;
  /** Events that may wait for one reader, in bytes. @default 1 MiB */
  readonly backlogBytes?: number;
  /** What feeds of backends are read in. @default they are not */
  readonly feedContext?: (signal: AbortSignal) => RequestContext;
}

/** What a subscription reads with. */
export interface ReadContext {
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  readonly position?: EventPosition | undefined;
}

/** The topics of a running server. */
export interface LiveTopics {
  readonly broker: string;
  publish<Data, Given>(
    topic: Topic<Data, Given>,
    event: Given,
    options?: PublishOptions,
  ): Promise<CloudEvent>;
  subscribe<Data, Given>(
    topic: Topic<Data, Given>,
    context: ReadContext,
    options?: SubscribeTopicOptions<Data>,
  ): AsyncIterableIterator<Data>;
  /** Hears every event of a topic that this process hears, until what it returns is called. */
  listen(topic: Pick<Topic, 'name'>, listener: TopicListener): () => void;
  /** Reads the feeds of backends that caches depend on, from now on. */
  open(): void;
  /** How many read now, and how many subscriptions the broker has of this process. */
  count(): { readonly readers: number; readonly subscriptions: number };
  close(): Promise<void>;
}

/**
 * Runs topics over a broker. Fails: Error when two topics have one name.
 */
export function createLiveTopics(options: LiveTopicsOptions): LiveTopics {
  const { broker, source, observer, backlogBytes = 1024 * 1024 } = options;
  const feeds = new Map<string, TopicFeed>();
  const defined = new Map<string, Topic>();
  for (const topic of options.topics) {
    const other = defined.get(topic.name);
    if (other && other !== topic) {
      throw new Error(
        `two topics are named "${topic.name}" (${describePlace(other.place)} and ${describePlace(topic.place)}); give each a name of its own`,
      );
    }
    defined.set(topic.name, topic);
  }
  for (const topic of defined.values()) {
    const { feed } = topic;
    const { feedContext } = options;
    const isFed = feed !== null && feedContext !== undefined && broker.name === 'in-process';
    feeds.set(
      topic.name,
      new TopicFeed({
        ...options,
        topic,
        ...(isFed && {
          fed: {
            open: (signal) => feed(feedContext(signal)),
            publish: (event) => topics.publish(topic, event),
          },
        }),
      }),
    );
  }

  const feedOf = ({ name }: Pick<Topic, 'name'>): TopicFeed => {
    const feed = feeds.get(name);
    if (feed) return feed;
    throw new Error(
      `topic "${name}" is not running here: list it under topics of a subschema of this bff.${didYouMean(name, [...feeds.keys()])}`,
    );
  };

  const topics: LiveTopics = {
    broker: broker.name,
    open() {
      for (const feed of feeds.values()) feed.open();
    },
    async publish(topic, event, { id, traceparent } = {}) {
      feedOf(topic);
      const data = await validated(`an event of topic "${topic.name}"`, topic.schema, event);
      const key = topic.key(data);
      const envelope = cloudEvent({
        type: topic.name,
        source,
        id,
        subject: key,
        // As given: who hears it reads it through the schema as well.
        data: event as unknown,
        traceparent,
      });
      await broker.publish(topic.name, toStructured(envelope), key);
      observer.published(topic.name);
      await options.invalidate(topic.tags(data));
      return envelope;
    },

    subscribe<Data, Given>(
      topic: Topic<Data, Given>,
      { signal, position }: ReadContext,
      { key, filter }: SubscribeTopicOptions<Data> = {},
    ) {
      const feed = feedOf(topic);
      const resumeAfter = position?.resumeAfter(topic.name) ?? null;
      const onAbort = () => void reader.return();
      const reader = new TopicReader({
        topic: topic.name,
        broker: broker.name,
        key,
        filter: filter as ((data: unknown) => boolean) | undefined, // given what the schema made
        position,
        backlogBytes,
        listening: feed.listening(),
        left: () => {
          signal?.removeEventListener('abort', onAbort);
          feed.remove(reader);
        },
        slow: () => {
          observer.dropped(topic.name, 'slow');
          options.log(`topic "${topic.name}": a reader was too slow and is closed`);
        },
      });
      feed.add(reader);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      if (resumeAfter !== null) {
        reader.hold();
        feed.listening().then(
          () =>
            feed.after(resumeAfter).then(
              (log) => reader.resume(log),
              () => reader.resume(null),
            ),
          () => {}, // the reader has failed with it
        );
      }
      return reader as AsyncIterableIterator<Data>; // what the topic's schema made
    },

    listen: (topic, listener) => feedOf(topic).listen(listener),

    count: () => ({
      readers: [...feeds.values()].reduce((sum, { readers }) => sum + readers, 0),
      subscriptions: [...feeds.values()].filter(({ isHeard }) => isHeard).length,
    }),

    async close() {
      await Promise.all([...feeds.values()].map((feed) => feed.close()));
      await broker.close();
    },
  };
  return topics;
}
