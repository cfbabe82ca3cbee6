import { afterAll, beforeAll, describe } from 'vitest';
import { createSqsQueue } from '../../../src/events/jobs/queues/sqs.ts';
import { itSurvivesItsBroker } from './broker-queue.ts';
import { privateSqs } from './private-sqs.ts';

describe('the queue on SQS', () => {
  let broker: Awaited<ReturnType<typeof privateSqs>>;
  beforeAll(async () => {
    broker = await privateSqs();
  });
  afterAll(() => broker?.remove());

  itSurvivesItsBroker({
    broker: () => broker,
    open: () => createSqsQueue({ url: broker.url, log: () => {} }),
    settings: () => ({ SQS_URL: broker.url }),
  });
});
