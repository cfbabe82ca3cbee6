import { randomUUID } from 'node:crypto';
import type { LiveBackend } from '../backend/backend.ts';
import type { Topic } from './define-topic.ts';
import type { JobDefinition } from './jobs/define-job.ts';
import { openJobStorage } from './jobs/job-storage.ts';
import { createLiveJobs, type JobsHost, type LiveJobs } from './jobs/live-jobs.ts';
import type { QueueUrls } from './jobs/queue-settings.ts';
import type { EventsObserver } from './observer.ts';
import { createBroker } from './topics/create-broker.ts';
import type { EventPosition } from './topics/event-position.ts';
import { createLiveTopics, type LiveTopics } from './topics/live-topics.ts';
import type { WebhookSource } from './webhooks/define-webhook-source.ts';
import { createLiveWebhooks, type LiveWebhooks } from './webhooks/live-webhooks.ts';
import type { WebhookValues } from './webhooks/webhook-settings.ts';

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
  readonly jobs: JobsHost;
  readonly observer: EventsObserver;
  /** Takes what an operator should know, a line each. */
  readonly log: (message: string) => void;
}

export interface LiveEventsOptions {
  readonly definitions: EventDefinitions;
  readonly settings: QueueUrls;
  /** @default no source has secrets, and so none takes anything */
  readonly webhooks?: WebhookValues;
  /** Folder of what has to survive a restart. @default none: it is kept in memory */
  readonly dataDir?: string | null;
  readonly host: EventsHost;
}

/** The asynchronous half of a running server. */
export interface LiveEvents {
  readonly topics: LiveTopics;
  readonly jobs: LiveJobs;
  readonly webhooks: LiveWebhooks;
  close(): Promise<void>;
}

/** How long what a webhook asks of backends may take, in milliseconds. */
const applyMs = 10_000;

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
export function createLiveEvents(options: LiveEventsOptions): LiveEvents {
  const { definitions, settings, host, dataDir = null } = options;
  const { observer, invalidate, log } = host;
  const topics = createLiveTopics({
    topics: definitions.topics,
    broker: createBroker(settings, log),
    source: `/bff/${host.bff}`,
    feedContext: (signal) =>
      host.jobs.contextOf({ ...nobody, requestId: randomUUID() }, signal, Number.POSITIVE_INFINITY),
    invalidate,
    observer,
    log,
  });
  const webhooks = createLiveWebhooks({
    bff: host.bff,
    sources: definitions.webhooks,
    topicNames: definitions.topics.map(({ name }) => name),
    values: options.webhooks ?? { keys: new Map(), allowLoopback: false },
    topics,
    context: () => {
      const [signal, deadline] = [AbortSignal.timeout(applyMs), performance.now() + applyMs];
      return host.jobs.contextOf({ ...nobody, requestId: randomUUID() }, signal, deadline);
    },
    redisUrl: settings.REDIS_URL,
    dataDir,
    observer,
    log,
  });
  const jobs = createLiveJobs({
    bff: host.bff,
    jobs: definitions.jobs,
    ...openJobStorage({
      bff: host.bff,
      urls: settings,
      // Without jobs there is nothing to keep.
      dataDir: definitions.jobs.length > 0 ? dataDir : null,
      log,
    }),
    host: host.jobs,
    observer,
    log,
  });
  return {
    topics,
    jobs,
    webhooks,
    async close() {
      await jobs.close();
      await webhooks.close();
      await topics.close();
    },
  };
}

/** Who asks where no client does. */
const nobody = { viewer: null, client: { name: null, version: null }, traceparent: null };

/** The running events of an operation. Fails: Error with the remedy. */
export function liveEvents({ events }: EventsContext): LiveEvents {
  if (events) return events;
  throw new Error(
    'there are no events here: pass the context that the server gave the resolver, or { events }',
  );
}
