import { assertInstalled } from '../broker-package.ts';
import type { BrokerUrls } from '../event-settings.ts';
import type { Broker } from './broker.ts';
import { createInProcessBroker } from './brokers/in-process.ts';
import { createKafkaBroker } from './brokers/kafka.ts';
import { createNatsBroker } from './brokers/nats.ts';
import { createRabbitmqBroker } from './brokers/rabbitmq.ts';
import { createRedisBroker } from './brokers/redis.ts';

/**
 * The broker that the settings name: NATS_URL, AMQP_URL, KAFKA_BROKERS, REDIS_URL, the first that
 * is set; in this process when none is. Fails: Error when its client is not installed.
 */
export function createBroker(urls: BrokerUrls, log: (message: string) => void): Broker {
  if (urls.NATS_URL) {
    assertInstalled('NATS_URL', '@nats-io/transport-node', '@nats-io/jetstream');
    return createNatsBroker({ url: urls.NATS_URL, log });
  }
  if (urls.AMQP_URL) {
    assertInstalled('AMQP_URL', 'rabbitmq-client');
    return createRabbitmqBroker({ url: urls.AMQP_URL, log });
  }
  if (urls.KAFKA_BROKERS) {
    assertInstalled('KAFKA_BROKERS', 'kafkajs');
    return createKafkaBroker({ url: urls.KAFKA_BROKERS, log });
  }
  if (urls.REDIS_URL) {
    assertInstalled('REDIS_URL', '@redis/client');
    return createRedisBroker({ url: urls.REDIS_URL, log });
  }
  return createInProcessBroker();
}
