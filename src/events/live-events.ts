import type { LiveBackend } from '../backend/backend.ts';
import type { Topic } from './define-topic.ts';
import type { BrokerUrls } from './event-settings.ts';
import type { JobDefinition } from './jobs/define-job.ts';
import type { EventsObserver } from './observer.ts';
import { createBroker } from './topics/create-broker.ts';
import type { EventPosition } from './topics/event-position.ts';
import { createLiveTopics, type LiveTopics } from './topics/live-topics.ts';
import type { WebhookSource } from './webhooks/define-webhook-source.ts';

/** What subschemas declare. */
export interface EventDefinitions {
  readonly topics: readonly Topic[];
  readonly jobs: readonly JobDefinition[];
  readonly webhooks: readonly WebhookSource[];
}

/** What the server lends. */
export interface EventsHost {
  /** The bff's name. */
  readonly bff: string;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** Drops tagged entries of every cache, here and in other instances. Never rejects. */
  readonly invalidate: (tags: readonly string[]) => Promise<void>;
  readonly observer: EventsObserver;
  /** Takes what an operator should know, a line each. */
  readonly log: (message: string) => void;
}

export interface LiveEventsOptions {
  readonly definitions: EventDefinitions;
  readonly settings: BrokerUrls;
  readonly host: EventsHost;
}

/** The asynchronous half of a running server. */
export interface LiveEvents {
  readonly topics: LiveTopics;
  close(): Promise<void>;
}

/** What a definition finds its running self in: an operation's context, or `{ events }`. */
export interface EventsContext {
  readonly events?: LiveEvents | undefined;
  /** Ends what is subscribed with it. */
  readonly signal?: AbortSignal;
  readonly position?: EventPosition | undefined;
}

/**
 * Runs everything that subschemas declare. Connects by itself and in the background.
 *
 * Fails: Error for definitions that do not fit together, or a broker's client that is missing.
 */
export function createLiveEvents({ definitions, settings, host }: LiveEventsOptions): LiveEvents {
  const { observer, invalidate, log } = host;
  const topics = createLiveTopics({
    topics: definitions.topics,
    broker: createBroker(settings, log),
    source: `/bff/${host.bff}`,
    invalidate,
    observer,
    log,
  });
  return {
    topics,
    async close() {
      await topics.close();
    },
  };
}

/** The running events of an operation. Fails: Error with the remedy. */
export function liveEvents({ events }: EventsContext): LiveEvents {
  if (events) return events;
  throw new Error(
    'there are no events here: pass the context that the server gave the resolver, or { events }',
  );
}
