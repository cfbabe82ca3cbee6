import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { delayTiers } from '../../../src/events/jobs/queues/delay-tiers.ts';
import { createRabbitmqQueue } from '../../../src/events/jobs/queues/rabbitmq.ts';
import { deleteQueues, rabbitmqAnswers, rabbitmqUrl } from '../running-rabbitmq.ts';
import { itIsAQueue } from './queue-contract.ts';

// What it holds when its broker dies: rabbitmq-queue.kill-test.ts.
describe.runIf(await rabbitmqAnswers())('the queue on RabbitMQ', { concurrent: true }, () => {
  const namespace = 'test';
  const made: string[] = [];
  const channelOf = () => {
    const channel = randomUUID();
    const queue = `${namespace}.${channel}`;
    made.push(...delayTiers.map((tier) => `${queue}.after.${tier}`), queue);
    return channel;
  };
  afterAll(() => deleteQueues(made));

  itIsAQueue(
    async () => createRabbitmqQueue({ url: rabbitmqUrl, namespace, log: () => {} }),
    channelOf,
  );

  it('says so when it may not come in, and nothing is lost of what the caller has', async () => {
    const lines: string[] = [];
    const url = rabbitmqUrl.replace(/:[^:@]*@/, ':wrong@');
    const queue = createRabbitmqQueue({ url, log: (line) => lines.push(line) });
    await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'rabbitmq',
      retryable: true,
      message: expect.stringContaining('ACCESS_REFUSED'), // at once: not that it took too long
    });
    await queue.close();
    expect(lines.join()).toMatch(
      /rabbitmq is away, and asked again until it is back: .*ACCESS_REFUSED/i,
    );
  });
});
