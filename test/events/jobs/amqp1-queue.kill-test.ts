import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAmqp1Queue } from '../../../src/events/jobs/queues/amqp1.ts';
import { installed, type PrivateBroker, privateRabbitmq } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker, jobsSurviveTheirBroker } from './broker-queue.ts';
import { itIsAQueue } from './queue-contract.ts';

// The running RabbitMQ may lack the plugin, so the whole contract is over one of the test's own.
describe.runIf(installed('rabbitmq-server'))('the queue on AMQP 1.0', () => {
  let broker: PrivateBroker;
  beforeAll(async () => {
    broker = await privateRabbitmq({ plugins: ['rabbitmq_amqp1_0'] });
  });
  afterAll(() => broker?.remove());
  const open = () => createAmqp1Queue({ url: `${broker.url}/queue/`, log: () => {} });
  // RabbitMQ 3.10 does not find a quorum queue again that it made a moment before it was killed.
  const settled = { settleMs: 2_000 };

  itIsAQueue(async () => open());
  itSurvivesItsBroker(() => broker, open, settled);
  jobsSurviveTheirBroker(
    () => broker,
    () => ({ AMQP1_URL: `${broker.url}/queue/` }),
    settled,
  );

  it('says so when it may not come in', async () => {
    const url = `${broker.url.replace('guest@', 'wrong@')}/queue/`;
    const queue = createAmqp1Queue({ url, log: () => {} });
    // Each time: it does not stop trying to come in.
    for (let time = 0; time < 2; time += 1) {
      await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
        code: 'UPSTREAM_UNAVAILABLE',
        backend: 'amqp1',
        message: expect.stringContaining('authenticate'),
      });
    }
    await queue.close();
  });
});
