import { describe } from 'vitest';
import { createNatsBroker } from '../../../src/events/topics/brokers/nats.ts';
import { createRedisBroker } from '../../../src/events/topics/brokers/redis.ts';
import { describeBroker } from './broker-contract.ts';
import { installed, privateNats, privateRedis } from './private-brokers.ts';

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
