import { afterAll, beforeAll, describe } from 'vitest';
import { createNatsQueue } from '../../../src/events/jobs/queues/nats.ts';
import { installed, type PrivateBroker, privateNats } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker } from './broker-queue.ts';

describe.runIf(installed('nats-server'))('the queue on NATS JetStream', () => {
  let broker: PrivateBroker;
  beforeAll(async () => {
    broker = await privateNats();
  });
  afterAll(() => broker?.remove());

  itSurvivesItsBroker({
    broker: () => broker,
    open: () => createNatsQueue({ url: broker.url, log: () => {} }),
    settings: () => ({ NATS_URL: broker.url }),
  });
});
