import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { done } from '../../../src/events/jobs/queue.ts';
import { createKafkaQueue } from '../../../src/events/jobs/queues/kafka.ts';
import { installed, mockKafka } from '../topics/private-brokers.ts';

describe.runIf(installed('kcat'))('the queue on Kafka', { timeout: 60_000 }, () => {
  let broker: Awaited<ReturnType<typeof mockKafka>>;
  beforeAll(async () => {
    broker = await mockKafka();
  });
  afterAll(() => broker?.remove());

  it('loses nothing that it confirmed while its broker stands still', async () => {
    const queue = createKafkaQueue({ url: broker.url, log: () => {} });
    const channel = `test.${randomUUID()}`;
    const confirmed: string[] = [];
    const taken = new Set<string>();
    queue.consume(channel, {
      concurrency: 4,
      handle: async ({ id }) => {
        taken.add(id);
        return done;
      },
    });
    const stop = new AbortController();
    const sender = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await queue.send(channel, { id: String(n), body: '' }).then(
          () => confirmed.push(String(n)),
          () => {},
        );
      }
    })();
    await expect.poll(() => confirmed.length, { timeout: 20_000 }).toBeGreaterThan(50);
    broker.freeze(true); // the mock keeps all in memory, so it can't be killed and come back
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    broker.freeze(false);
    const before = confirmed.length;
    await expect.poll(() => confirmed.length, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    stop.abort();
    await sender;
    await expect
      .poll(() => confirmed.filter((id) => !taken.has(id)), { timeout: 30_000 })
      .toEqual([]);
    await queue.close();
  });
});
