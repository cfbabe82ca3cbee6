import { describe, it, onTestFinished } from 'vitest';
import type { Broker, BrokerOptions } from '../../../src/events/topics/broker.ts';
import { createNatsBroker } from '../../../src/events/topics/brokers/nats.ts';
import { createRabbitmqBroker } from '../../../src/events/topics/brokers/rabbitmq.ts';
import { createRedisBroker } from '../../../src/events/topics/brokers/redis.ts';
import { hearsAllThrough } from './broker-outages.ts';
import { installed, privateNats, privateRabbitmq, privateRedis } from './private-brokers.ts';

const brokers: readonly (readonly [
  name: string,
  program: string,
  start: typeof privateRedis,
  create: (options: BrokerOptions) => Broker,
  settleMs: number,
])[] = [
  ['Redis', 'redis-server', privateRedis, createRedisBroker, 0],
  ['NATS', 'nats-server', privateNats, createNatsBroker, 0],
  // A stream that was made a moment before a kill is lost to RabbitMQ 3.10.
  ['RabbitMQ', 'rabbitmq-server', privateRabbitmq, createRabbitmqBroker, 3_000],
];

describe.each(brokers)('over %s', (_, program, start, create, settleMs) => {
  it.runIf(installed(program))(
    'hears each confirmed event once, in order, when the broker is killed under load',
    { timeout: 90_000 },
    async () => {
      const server = await start();
      onTestFinished(() => server.remove());
      await hearsAllThrough({
        url: server.url,
        create,
        down: server.kill,
        up: server.start,
        awayMs: 500,
        settleMs,
      });
    },
  );
});
