import { describe } from 'vitest';
import { createKafkaBroker } from '../../../src/events/topics/brokers/kafka.ts';
import { createNatsBroker } from '../../../src/events/topics/brokers/nats.ts';
import { createRabbitmqBroker } from '../../../src/events/topics/brokers/rabbitmq.ts';
import { createRedisBroker } from '../../../src/events/topics/brokers/redis.ts';
import { describeBroker } from './broker-contract.ts';
import {
  installed,
  mockKafka,
  privateNats,
  privateRabbitmq,
  privateRedis,
} from './private-brokers.ts';

describe.skipIf(!installed('redis-server'))('over Redis', () => {
  describeBroker({
    create: createRedisBroker,
    start: privateRedis,
    nowhere: (port) => `redis://127.0.0.1:${port}`,
  });
});

describe.skipIf(!installed('nats-server'))('over NATS', () => {
  describeBroker({
    create: createNatsBroker,
    start: privateNats,
    nowhere: (port) => `nats://127.0.0.1:${port}`,
  });
});

describe.skipIf(!installed('rabbitmq-server'))('over RabbitMQ', { timeout: 60_000 }, () => {
  describeBroker({
    create: createRabbitmqBroker,
    start: privateRabbitmq,
    nowhere: (port) => `amqp://guest:guest@127.0.0.1:${port}`,
    deliveredMs: 1_000,
    // A stream that was made a moment before a kill is lost to RabbitMQ 3.10.
    settleMs: 3_000,
  });
});

// The mock has another port each time, so that it cannot come back, and knows no passwords.
describe.skipIf(!installed('kcat'))("over Kafka's protocol", { timeout: 30_000 }, () => {
  describeBroker({
    create: createKafkaBroker,
    start: mockKafka,
    nowhere: (port) => `127.0.0.1:${port}`,
    deliveredMs: 1_500,
    restarts: false,
  });
});
