import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startFaultProxy } from '../../../bench/faults/fault-proxy.ts';
import { done } from '../../../src/events/jobs/queue.ts';
import { createAmqp1Queue } from '../../../src/events/jobs/queues/amqp1.ts';
import { installed, type PrivateRabbitmq, privateRabbitmq } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker } from './broker-queue.ts';
import { createInbox, itIsAQueue } from './queue-contract.ts';

// The running RabbitMQ may lack the plugin, so the whole contract is over one of the test's own.
describe.runIf(installed('rabbitmq-server'))('the queue on AMQP 1.0', () => {
  let broker: PrivateRabbitmq;
  beforeAll(async () => {
    broker = await privateRabbitmq({ plugins: ['rabbitmq_amqp1_0'] });
  });
  afterAll(() => broker?.remove());
  const open = (url = broker.url) => createAmqp1Queue({ url: `${url}/queue/`, log: () => {} });

  describe('while its broker runs', { concurrent: true }, () => {
    itIsAQueue(async () => open());

    it('says so when it may not come in', async () => {
      const queue = open(broker.url.replace('guest@', 'wrong@'));
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

  it('comes back, on one connection, each time its broker has closed it', async () => {
    const queue = open();
    onTestFinished(() => queue.close());
    const inbox = createInbox<string>();
    const handle = async ({ id }: { readonly id: string }) => {
      inbox.add(id);
      return done;
    };
    queue.consume('closed', { concurrency: 2, handle });
    await queue.send('closed', { id: '0', body: '' });
    await inbox.until(1);
    for (let time = 1; time <= 3; time += 1) {
      await broker.control('close_all_connections', 'idle');
      // What it tells meanwhile is that there is no connection.
      await expect
        .poll(() => queue.send('closed', { id: String(time), body: '' }).catch(() => 'not yet'), {
          timeout: 5_000,
        })
        .toBeUndefined();
      await inbox.until(time + 1);
    }
    expect(inbox.items).toEqual(['0', '1', '2', '3']);
    const connections = await broker.control('list_connections', 'pid');
    expect(connections.trim().split('\n')).toHaveLength(1);
  });

  it('takes messages no slower after its connection was cut', async () => {
    const proxy = await startFaultProxy(Number(new URL(broker.url).port));
    const queue = open(`amqp://guest:guest@127.0.0.1:${proxy.port}`);
    onTestFinished(async () => {
      await queue.close();
      await proxy.turn('killed');
    });
    const inbox = createInbox<string>();
    const handle = async ({ id }: { readonly id: string }) => {
      inbox.add(id);
      return done;
    };
    queue.consume('cut', { concurrency: 8, handle });
    await queue.send('cut', { id: 'before', body: '' });
    await inbox.until(1);
    await proxy.turn('killed');
    await proxy.turn('pass');
    await expect
      .poll(() => queue.send('cut', { id: 'after', body: '' }).catch(() => 'not yet'), {
        timeout: 5_000,
      })
      .toBeUndefined();
    await inbox.until(2);
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: 800 }, (_, n) => queue.send('cut', { id: `m${n}`, body: '' })),
    );
    await inbox.until(802);
    // A hundred rounds of eight, with 40 ms in each, take more than four seconds.
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });

  itSurvivesItsBroker({
    broker: () => broker,
    open,
    settings: () => ({ AMQP1_URL: `${broker.url}/queue/` }),
    // RabbitMQ 3.10 does not find a quorum queue again that it made a moment before it was killed.
    settleMs: 2_000,
  });
});
