import { describe } from 'vitest';
import { createRabbitmqBroker } from '../../../src/events/topics/brokers/rabbitmq.ts';
import { describeBrokerKills } from './broker-kills.ts';
import { installed, privateRabbitmq } from './private-brokers.ts';

describe.skipIf(!installed('rabbitmq-server'))('over RabbitMQ', { timeout: 60_000 }, () => {
  describeBrokerKills({
    create: createRabbitmqBroker,
    start: privateRabbitmq,
    // A stream that was made a moment before a kill is lost to RabbitMQ 3.10.
    settleMs: 3_000,
  });
});
