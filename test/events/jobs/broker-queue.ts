import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { done, type Queue } from '../../../src/events/jobs/queue.ts';

/** A broker that can be killed and started again at its address. */
export interface KillableBroker {
  start(): Promise<void>;
  kill(): Promise<void>;
}

/**
 * What every broker's queue promises on top: what it confirmed survives the broker's death, twice,
 * while messages are sent and taken.
 */
export function itSurvivesItsBroker(broker: () => KillableBroker, open: () => Queue): void {
  it('loses nothing that it confirmed when its broker is killed and started again', async () => {
    const queue = open();
    onTestFinished(() => queue.close());
    const channel = `test.${randomUUID()}`;
    const confirmed: string[] = [];
    const taken = new Map<string, number>();
    let refused = 0;
    queue.consume(channel, {
      concurrency: 8,
      handle: async ({ id }) => {
        taken.set(id, (taken.get(id) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return done;
      },
    });
    let sending = true;
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; sending; n += 1) {
        const id = `${sender}-${n}`;
        try {
          await queue.send(channel, { id, body: id });
          confirmed.push(id);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BackendError', code: 'UPSTREAM_UNAVAILABLE' });
          refused += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    });
    // RabbitMQ 3.10 does not find a quorum queue again that it made a moment before it was killed.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (let kills = 0; kills < 2; kills += 1) {
      const before = confirmed.length;
      await expect.poll(() => confirmed.length, { timeout: 30_000 }).toBeGreaterThan(before + 400);
      await broker().kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await broker().start();
    }
    const before = confirmed.length;
    await expect.poll(() => confirmed.length, { timeout: 30_000 }).toBeGreaterThan(before + 100);
    sending = false;
    await Promise.all(senders);
    await expect
      .poll(() => confirmed.filter((id) => !taken.has(id)), { timeout: 45_000, interval: 100 })
      .toEqual([]);
    console.info(
      `${queue.name}: ${confirmed.length} confirmed, ${refused} refused, ${[...taken.values()].filter((times) => times > 1).length} delivered twice, 0 lost`,
    );
  }, 120_000);
}
