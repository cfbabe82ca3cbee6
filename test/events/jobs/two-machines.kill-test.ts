import { expect, it, onTestFinished } from 'vitest';
import { installed, privateNats, privateRedis } from '../topics/private-brokers.ts';
import { startJobServer } from './job-server.ts';

/**
 * Redis is killed twice while two machines take on jobs and do them. A job may run again that was
 * done as Redis died, with the same idempotency key; no key may get two jobs.
 */
it.runIf(installed('nats-server', 'redis-server'))(
  'two machines lose no acknowledged job, and have one for each key, when their Redis is killed under load',
  async () => {
    const [nats, redis] = await Promise.all([privateNats(), privateRedis()]);
    onTestFinished(async () => void (await Promise.all([nats.remove(), redis.remove()])));
    const doneBy = new Map<string, Set<string>>();
    let runs = 0;
    const start = () =>
      startJobServer({
        concurrency: 8,
        backoffMs: [50, 50, 50, 50],
        run: async (_, { id, idempotencyKey }) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          runs += 1;
          doneBy.set(idempotencyKey, (doneBy.get(idempotencyKey) ?? new Set()).add(id));
        },
        server: { settings: { NATS_URL: nats.url, REDIS_URL: redis.url } },
      });
    const machines = [await start(), await start()];
    const acknowledged = new Map<string, Set<string>>();
    const stop = new AbortController();
    let next = 0;
    const senders = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) {
        const key = `key-${next++}`;
        const ids = new Set<string>();
        // To both at once, and again until one has taken it on.
        while (!stop.signal.aborted && ids.size === 0) {
          const query = `mutation { work(input: { what: "${key}", key: "${key}" }) { id } }`;
          for (const { data } of await Promise.all(machines.map(({ ask }) => ask(query)))) {
            if (data?.['work']) ids.add(String(data['work']['id']));
          }
          if (ids.size === 0) await new Promise((resolve) => setTimeout(resolve, 200));
        }
        if (ids.size > 0) acknowledged.set(key, ids);
      }
    });
    for (let kills = 0; kills < 2; kills += 1) {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 100);
      await redis.kill();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await redis.start();
    }
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 50);
    stop.abort();
    await Promise.all(senders);
    await expect
      .poll(() => [...acknowledged.keys()].filter((key) => !doneBy.has(key)), {
        timeout: 60_000,
        interval: 200,
      })
      .toEqual([]);
    console.info(
      `${acknowledged.size} acknowledged, ${runs - doneBy.size} ran again, ${doneBy.size} keys done`,
    );
    for (const ids of [...acknowledged.values(), ...doneBy.values()]) expect(ids.size).toBe(1);
    const [last] = [...acknowledged.values()].at(-1) ?? [];
    for (const { ask } of machines) {
      await expect
        .poll(() => ask(`{ job(id: "${last}") { status } }`), { timeout: 20_000 })
        .toMatchObject({ data: { job: { status: 'SUCCEEDED' } } });
    }
  },
  150_000,
);
