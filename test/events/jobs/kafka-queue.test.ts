import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaQueue } from '../../../src/events/jobs/queues/kafka.ts';
import { installed, mockKafka } from '../topics/private-brokers.ts';
import { itIsAQueue } from './queue-contract.ts';

// A group takes seconds to settle, so the tests wait together. What it holds when its broker stands
// still: kafka-queue.kill-test.ts.
describe.runIf(installed('kcat'))(
  'the queue on Kafka',
  { timeout: 60_000, concurrent: true },
  () => {
    let broker: Awaited<ReturnType<typeof mockKafka>>;
    beforeAll(async () => {
      broker = await mockKafka();
    });
    afterAll(() => broker?.remove());

    itIsAQueue(async () => createKafkaQueue({ url: broker.url, log: () => {} }));

    it('makes Node warn of nothing', async () => {
      const warnings: string[] = [];
      const note = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`);
      process.on('warning', note);
      const queue = createKafkaQueue({ url: broker.url, log: () => {} });
      await queue.send('quiet', { id: 'm', body: '' });
      await queue.close();
      process.off('warning', note);
      expect(warnings).toEqual([]);
    });

    it('says so when nothing answers', async () => {
      const queue = createKafkaQueue({ url: '127.0.0.1:9', log: () => {} });
      await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
        code: 'UPSTREAM_UNAVAILABLE',
        backend: 'kafka',
      });
      await queue.close();
    });
  },
);
