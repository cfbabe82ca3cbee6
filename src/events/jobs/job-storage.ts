import { join } from 'node:path';
import { assertInstalled } from '../broker-package.ts';
import { openSqliteFile } from '../sqlite-file.ts';
import type { JobStore } from './job-store.ts';
import type { Queue } from './queue.ts';
import type { QueueUrls } from './queue-settings.ts';
import { createAmqp1Queue } from './queues/amqp1.ts';
import { createKafkaQueue } from './queues/kafka.ts';
import { createNatsQueue } from './queues/nats.ts';
import { createRabbitmqQueue } from './queues/rabbitmq.ts';
import { createSqliteQueue, sqliteQueueSchema } from './queues/sqlite.ts';
import { createSqsQueue } from './queues/sqs.ts';
import { createRedisJobStore } from './stores/redis.ts';
import { createSqliteJobStore, sqliteJobStoreSchema } from './stores/sqlite.ts';

export interface JobStorageOptions {
  readonly bff: string;
  readonly urls: QueueUrls;
  /** Folder of the SQLite file; null keeps it in memory. */
  readonly dataDir: string | null;
  /** Takes what an operator should know. */
  readonly log: (message: string) => void;
}

/** Where the jobs of a bff wait, and where it is kept how they stand. */
export interface JobStorage {
  readonly queue: Queue;
  readonly store: JobStore;
}

/**
 * What waits is at a broker, or in a SQLite file of this machine. How jobs stand is in the same
 * file, unless machines share a queue and a Redis (REDIS_URL): then in that.
 *
 * Fails: Error for a file that can't be opened, or a broker's client that is not installed.
 */
export function openJobStorage({ bff, urls, dataDir, log }: JobStorageOptions): JobStorage {
  const atBroker = brokerQueue(urls, log);
  if (atBroker && urls.REDIS_URL) {
    assertInstalled('REDIS_URL', '@redis/client');
    const prefix = `tailorbird:jobs:${bff}:`;
    return { queue: atBroker, store: createRedisJobStore({ url: urls.REDIS_URL, prefix, log }) };
  }
  const file = openSqliteFile({
    path: dataDir === null ? ':memory:' : join(dataDir, `${bff}-jobs.sqlite`),
    schema: sqliteJobStoreSchema + sqliteQueueSchema,
    backend: 'jobs',
  });
  return {
    queue: atBroker ?? createSqliteQueue({ file, log }),
    store: { ...createSqliteJobStore(file), close: () => file.close() },
  };
}

function brokerQueue(urls: QueueUrls, log: (message: string) => void): Queue | null {
  const { SQS_URL, AMQP1_URL, AMQP_URL, NATS_URL, KAFKA_BROKERS } = urls;
  if (SQS_URL) {
    assertInstalled('SQS_URL', '@aws-sdk/client-sqs');
    return createSqsQueue({ url: SQS_URL, log });
  }
  if (AMQP1_URL) {
    assertInstalled('AMQP1_URL', 'rhea');
    return createAmqp1Queue({ url: AMQP1_URL, log });
  }
  if (AMQP_URL) {
    assertInstalled('AMQP_URL', 'rabbitmq-client');
    return createRabbitmqQueue({ url: AMQP_URL, log });
  }
  if (NATS_URL) {
    assertInstalled('NATS_URL', '@nats-io/transport-node', '@nats-io/jetstream');
    return createNatsQueue({ url: NATS_URL, log });
  }
  if (KAFKA_BROKERS) {
    assertInstalled('KAFKA_BROKERS', 'kafkajs');
    return createKafkaQueue({ url: KAFKA_BROKERS, log });
  }
  return null;
}
