import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRabbitmqQueue } from '../../../src/events/jobs/queues/rabbitmq.ts';
import { installed, type PrivateBroker, privateRabbitmq } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker, jobsSurviveTheirBroker } from './broker-queue.ts';
import { itIsAQueue } from './queue-contract.ts';

describe.runIf(installed('rabbitmq-server'))('the queue on RabbitMQ', () => {
  let broker: PrivateBroker;
  beforeAll(async () => {
    broker = await privateRabbitmq();
  });
  afterAll(() => broker?.remove());
  const open = () => createRabbitmqQueue({ url: broker.url, log: () => {} });

  itIsAQueue(async () => open());
  itSurvivesItsBroker(() => broker, open);
  jobsSurviveTheirBroker(
    () => broker,
    () => ({ AMQP_URL: broker.url }),
  );

  it('says so when it may not come in, and nothing is lost of what the caller has', async () => {
    const lines: string[] = [];
    const url = broker.url.replace('guest@', 'wrong@');
    const queue = createRabbitmqQueue({ url, log: (line) => lines.push(line) });
    await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'rabbitmq',
      retryable: true,
    });
    await queue.close();
    expect(lines.join()).toMatch(
      /rabbitmq is away, and asked again until it is back: .*ACCESS_REFUSED/i,
    );
  });
});
