import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAmqp1Queue } from '../../../src/events/jobs/queues/amqp1.ts';
import { installed, type PrivateBroker, privateRabbitmq } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker, jobsSurviveTheirBroker } from './broker-queue.ts';
import { itIsAQueue } from './queue-contract.ts';

describe.runIf(installed('rabbitmq-server'))('the queue on AMQP 1.0', () => {
  let broker: PrivateBroker;
  beforeAll(async () => {
    broker = await privateRabbitmq({ plugins: ['rabbitmq_amqp1_0'] });
  });
  afterAll(() => broker?.remove());
  const open = () => createAmqp1Queue({ url: `${broker.url}/queue/`, log: () => {} });

  itIsAQueue(async () => open());
  itSurvivesItsBroker(() => broker, open);
  jobsSurviveTheirBroker(
    () => broker,
    () => ({ AMQP1_URL: `${broker.url}/queue/` }),
  );

  it('says so when it may not come in', async () => {
    const url = `${broker.url.replace('guest@', 'wrong@')}/queue/`;
    const queue = createAmqp1Queue({ url, log: () => {} });
    await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'amqp1',
    });
    await queue.close();
  });
});
