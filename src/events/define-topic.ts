import { type DefinitionPlace, describePlace, placeOfCaller } from '../definition-place.ts';
import type { CloudEvent } from './cloud-event.ts';
import { type EventsContext, liveEvents } from './live-events.ts';
import type { RequestContext } from '../request.ts';
import { refuseUnknown } from '../refuse-unknown.ts';
import type { StandardSchema } from './standard-schema.ts';

export interface TopicOptions<Data, Given> {
  /** What happens, in the app's words: `flights.changed`. Names it at the broker. */
  readonly name: string;
  /**
   * What an event says: ids and what changed, so that each reader's fields are resolved with the
   * rights of who reads. Any Standard Schema.
   */
  readonly schema: StandardSchema<Data, Given>;
  /** What it happened to. Events of one key are heard in order, and subscribers can ask for one. */
  readonly key: (event: Data) => string;
  /** Tags that every cache of every instance drops before readers hear of it. @default none */
  readonly tags?: (event: Data) => readonly string[];
  /**
   * Events that a backend streams, for as long as the context's signal lets it. Read while topics
   * stay in this process; with a broker, the backend publishes there itself. @default none
   */
  readonly feed?: (context: RequestContext) => AsyncIterable<unknown>;
}

export interface SubscribeTopicOptions<Data> {
  /** Only events of this key. @default all */
  readonly key?: string | undefined;
  /** Only events that it answers with true. @default all */
  readonly filter?: (event: Data) => boolean;
}

export interface PublishOptions {
  /** For an event that may be published twice, such as one of a webhook. @default a random one */
  readonly id?: string | undefined;
  /** The trace that it belongs to. @default none */
  readonly traceparent?: string | undefined;
}

/** Something that happens, and who wants to know. Inert: it can be shared by any number of bffs. */
export interface Topic<Data = unknown, Given = Data> {
  readonly name: string;
  readonly place: DefinitionPlace | null;
  readonly schema: StandardSchema<Data, Given>;
  key(event: Data): string;
  tags(event: Data): readonly string[];
  readonly feed: ((context: RequestContext) => AsyncIterable<unknown>) | null;
  /** Whether events drop anything, so that every instance has to hear them. */
  readonly invalidates: boolean;
  /**
   * Tells all instances; resolves when the broker has taken it.
   *
   * Fails: SchemaBreach; BackendError UPSTREAM_UNAVAILABLE of the broker.
   */
  publish(context: EventsContext, event: Given, options?: PublishOptions): Promise<CloudEvent>;
  /**
   * Events from now on, or from where the client's cursor says. Ends with the subscription.
   *
   * Fails while reading: BackendError UPSTREAM_UNAVAILABLE when the broker cannot be reached,
   * UPSTREAM_OVERLOADED when more than 1 MiB of events wait to be read.
   */
  subscribe(
    context: EventsContext,
    options?: SubscribeTopicOptions<Data>,
  ): AsyncIterableIterator<Data>;
}

/** Describes a topic. List it under `topics` of a subschema. */
export function defineTopic<Data, Given = Data>(
  options: TopicOptions<Data, Given>,
): Topic<Data, Given> {
  const place = placeOfCaller(defineTopic);
  refuseUnknown(`${describePlace(place)}: defineTopic`, options, optionNames);
  const { name, schema, key, tags, feed } = options;
  if (!/^[a-z][\w-]*(\.[a-z][\w-]*)*$/i.test(name) || name.length > 100) {
    throw new Error(
      `${describePlace(place)}: the topic's name ${JSON.stringify(name)} must be words of letters, digits, "-" and "_" with dots between them, such as "flights.changed"`,
    );
  }
  for (const [option, value] of Object.entries({ key, tags, feed })) {
    if (value === undefined || typeof value === 'function') continue;
    throw new Error(
      `${describePlace(place)}: ${option} of the topic "${name}" must be a function of the event, but got ${typeof value}`,
    );
  }
  const topic: Topic<Data, Given> = {
    name,
    place,
    schema,
    key,
    tags: tags ?? (() => []),
    feed: feed ?? null,
    invalidates: tags !== undefined,
    publish: async (context, event, published) =>
      liveEvents(context).topics.publish(topic, event, published),
    subscribe: (context, subscribed) =>
      liveEvents(context).topics.subscribe(topic, context, subscribed),
  };
  return topic;
}

const optionNames = [
  'name',
  'schema',
  'key',
  'tags',
  'feed',
] as const satisfies (keyof TopicOptions<unknown, unknown>)[];
