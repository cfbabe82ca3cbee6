import { join } from 'node:path';
import { describePlace } from '../../definition-place.ts';
import type { RequestContext } from '../../request.ts';
import type { EventsObserver } from '../observer.ts';
import { openSqliteFile } from '../sqlite-file.ts';
import { validated } from '../standard-schema.ts';
import type { LiveTopics } from '../topics/live-topics.ts';
import { createConfirmedIntake } from './confirmed-intake.ts';
import type { WebhookSource } from './define-webhook-source.ts';
import { Inbox } from './inbox.ts';
import type { Intake, PublishWebhook } from './intake.ts';
import { OutgoingWebhooks } from './outgoing/outgoing-webhooks.ts';
import { createReceiver, type Receiver } from './receive.ts';
import { createRedisIds } from './redis-seen-ids.ts';
import { createSqliteIds } from './seen-ids.ts';
import type { WebhookValues } from './webhook-settings.ts';
import { inboxTables, outgoingTables } from './webhook-tables.ts';

export interface LiveWebhooksOptions {
  /** The bff's name. */
  readonly bff: string;
  readonly sources: readonly WebhookSource[];
  /** Names of topics that consumers may register for. */
  readonly topicNames: readonly string[];
  readonly values: WebhookValues;
  readonly topics: LiveTopics;
  /** What a source's `apply` works in. */
  readonly context: () => RequestContext;
  /** The Redis that instances share the ids of webhooks in. @default none: each machine has its own */
  readonly redisUrl: string | null;
  /** Folder of what survives a restart; null keeps it in memory. */
  readonly dataDir: string | null;
  readonly observer: Pick<EventsObserver, 'webhook'>;
  readonly log: (message: string) => void;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** The webhooks of a running server, both ways. */
export interface LiveWebhooks {
  readonly receiver: Receiver;
  readonly outgoing: OutgoingWebhooks;
  close(): Promise<void>;
}

/**
 * Runs webhooks over running topics; closed before them.
 *
 * Fails: Error for two sources of one name, a topic that does not run, or a file that can't be opened.
 */
export function createLiveWebhooks(options: LiveWebhooksOptions): LiveWebhooks {
  const { bff, topics, redisUrl, dataDir, observer, log, now } = options;
  const sources = byName(options.sources);
  for (const { name, topic, place } of sources.values()) {
    if (options.topicNames.includes(topic.name)) continue;
    throw new Error(
      `${describePlace(place)}: the topic "${topic.name}" of webhook source "${name}" is listed nowhere; list it under topics of a subschema of this bff`,
    );
  }
  const publish: PublishWebhook = async ({ source: name, id, event }) => {
    const source = sources.get(name);
    if (!source) throw new Error(`there is no webhook source "${name}" any more`);
    const given: unknown = JSON.parse(event);
    if (source.apply) {
      const data = await validated(
        `the event of webhook source "${name}"`,
        source.topic.schema,
        given,
      );
      await source.apply(data, options.context());
    }
    await topics.publish(source.topic, given, { id: `${name}:${id}` });
  };

  // What a broker has confirmed is safe there; one inside this process confirms nothing.
  const keepsEvents = topics.broker !== 'in-process';
  const file = openSqliteFile({
    path: dataDir === null ? ':memory:' : join(dataDir, `webhooks-${bff}.sqlite`),
    schema: inboxTables + outgoingTables,
    backend: 'webhooks',
  });
  const intake: Intake = keepsEvents
    ? createConfirmedIntake({
        ids: redisUrl ? createRedisIds({ url: redisUrl, log }) : createSqliteIds(file, now),
        publish,
      })
    : new Inbox({ file, publish, log, ...(now && { now }) });
  const receiver = createReceiver({
    sources: [...sources.values()].flatMap((source) => {
      const keys = options.values.keys.get(source.name) ?? null;
      if (keys !== null) return [{ source, keys }];
      log(`webhook source "${source.name}" is off: ${source.verify.secrets.variable} is not set`);
      return [];
    }),
    intake,
    observer,
    ...(now && { now }),
  });
  const outgoing = new OutgoingWebhooks({
    file,
    topics: options.topicNames,
    live: topics,
    rule: { allowLoopback: options.values.allowLoopback },
    log,
    ...(now && { now }),
  });

  return {
    receiver,
    outgoing,
    async close() {
      await intake.close();
      await outgoing.close();
      await file.close();
    },
  };
}

function byName(sources: readonly WebhookSource[]): ReadonlyMap<string, WebhookSource> {
  const found = new Map<string, WebhookSource>();
  for (const source of sources) {
    const other = found.get(source.name);
    if (other && other !== source) {
      throw new Error(
        `two webhook sources are named "${source.name}" (${describePlace(other.place)} and ${describePlace(source.place)}); give each a name of its own`,
      );
    }
    found.set(source.name, source);
  }
  return found;
}
