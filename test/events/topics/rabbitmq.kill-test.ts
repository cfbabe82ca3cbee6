import { describe } from 'vitest';
import { createRabbitmqBroker } from '../../../src/events/topics/brokers/rabbitmq.ts';
import { describeBrokerKills } from './broker-kills.ts';
import { installed, privateRabbitmq } from './private-brokers.ts';

// Those of the others take moments: brokers.test.ts.
describe.skipIf(!installed('rabbitmq-server'))('over RabbitMQ', { timeout: 60_000 }, () => {
  describeBrokerKills({ create: createRabbitmqBroker, start: privateRabbitmq });
});
