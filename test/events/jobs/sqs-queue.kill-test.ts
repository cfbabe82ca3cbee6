import { afterAll, beforeAll, describe } from 'vitest';
import { createSqsQueue } from '../../../src/events/jobs/queues/sqs.ts';
import { itSurvivesItsBroker, jobsSurviveTheirBroker } from './broker-queue.ts';
import { privateSqs } from './private-sqs.ts';

describe('the queue on SQS', () => {
  let broker: Awaited<ReturnType<typeof privateSqs>>;
  beforeAll(async () => {
    broker = await privateSqs();
  });
  afterAll(() => broker?.remove());

  itSurvivesItsBroker(
    () => broker,
    () => createSqsQueue({ url: broker.url, log: () => {} }),
  );
  jobsSurviveTheirBroker(
    () => broker,
    () => ({ SQS_URL: broker.url }),
  );
});
