import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNatsQueue } from '../../../src/events/jobs/queues/nats.ts';
import { installed, type PrivateBroker, privateNats } from '../topics/private-brokers.ts';
import { itIsAQueue } from './queue-contract.ts';

describe.runIf(installed('nats-server'))(
  'the queue on NATS JetStream',
  { concurrent: true },
  () => {
    let broker: PrivateBroker;
    beforeAll(async () => {
      broker = await privateNats({ password: 'secret' });
    });
    afterAll(() => broker?.remove());

    itIsAQueue(async () => createNatsQueue({ url: broker.url, log: () => {} }));

    it('says so when it may not come in', async () => {
      const url = broker.url.replace(':secret@', ':wrong@');
      const queue = createNatsQueue({ url, log: () => {} });
      await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
        code: 'UPSTREAM_UNAVAILABLE',
        backend: 'nats',
        message: expect.stringMatching(/authorization/i),
      });
      await queue.close();
    });
  },
);
