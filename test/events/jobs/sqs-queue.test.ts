import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSqsQueue } from '../../../src/events/jobs/queues/sqs.ts';
import { privateSqs } from './private-sqs.ts';
import { itIsAQueue } from './queue-contract.ts';

// What it holds when its broker dies: sqs-queue.kill-test.ts.
describe('the queue on SQS', { concurrent: true }, () => {
  let broker: Awaited<ReturnType<typeof privateSqs>>;
  beforeAll(async () => {
    broker = await privateSqs();
  });
  afterAll(() => broker?.remove());

  itIsAQueue(async () => createSqsQueue({ url: broker.url, log: () => {} }));

  it('says so when nothing answers', async () => {
    const queue = createSqsQueue({ url: 'http://127.0.0.1:9', log: () => {} });
    await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'sqs',
    });
    await queue.close();
  });
});
