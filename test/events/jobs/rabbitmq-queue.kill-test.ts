import { afterAll, beforeAll, describe } from 'vitest';
import { createRabbitmqQueue } from '../../../src/events/jobs/queues/rabbitmq.ts';
import { installed, type PrivateBroker, privateRabbitmq } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker } from './broker-queue.ts';

describe.runIf(installed('rabbitmq-server'))('the queue on RabbitMQ', () => {
  let broker: PrivateBroker;
  beforeAll(async () => {
    broker = await privateRabbitmq();
  });
  afterAll(() => broker?.remove());

  itSurvivesItsBroker({
    broker: () => broker,
    open: () => createRabbitmqQueue({ url: broker.url, log: () => {} }),
    settings: () => ({ AMQP_URL: broker.url }),
    // RabbitMQ 3.10 does not find a quorum queue again that it made a moment before it was killed.
    settleMs: 2_000,
  });
});
