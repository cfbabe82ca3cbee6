import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { done, type Queue } from '../../../src/events/jobs/queue.ts';
import { startJobServer } from './job-server.ts';

/** A broker that can be killed and started again at its address. */
export interface KillableBroker {
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface KillOptions {
  /** How long a queue must have been before the broker keeps it through a kill. @default 0 */
  readonly settleMs?: number;
}

/**
 * What every broker's queue promises on top: what it confirmed survives the broker's death, twice,
 * while messages are sent and taken.
 */
export function itSurvivesItsBroker(
  broker: () => KillableBroker,
  open: () => Queue,
  { settleMs = 0 }: KillOptions = {},
): void {
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
    const stop = new AbortController();
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
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
    if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
    for (let kills = 0; kills < 2; kills += 1) {
      const before = confirmed.length;
      await expect.poll(() => confirmed.length, { timeout: 30_000 }).toBeGreaterThan(before + 400);
      await broker().kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await broker().start();
    }
    const before = confirmed.length;
    await expect.poll(() => confirmed.length, { timeout: 30_000 }).toBeGreaterThan(before + 100);
    stop.abort();
    await Promise.all(senders);
    await expect
      .poll(() => confirmed.filter((id) => !taken.has(id)), { timeout: 45_000, interval: 100 })
      .toEqual([]);
    console.info(
      `${queue.name}: ${confirmed.length} confirmed, ${refused} refused, ${[...taken.values()].filter((times) => times > 1).length} delivered twice, 0 lost`,
    );
  }, 120_000);
}

/** What jobs promise on top of any broker: the effect of each that was acknowledged, once. */
export function jobsSurviveTheirBroker(
  broker: () => KillableBroker,
  settings: () => Record<string, string>,
  { settleMs = 0 }: KillOptions = {},
): void {
  it('has each acknowledged job done once when its broker is killed under load', async () => {
    const effects = new Map<string, number>();
    const { ask } = await startJobServer({
      concurrency: 8,
      backoffMs: [50, 50, 50, 50],
      run: async (_, { idempotencyKey }) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1);
      },
      server: { settings: settings() },
    });
    const acknowledged = new Map<string, string>();
    let next = 0;
    const stop = new AbortController();
    const senders = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) {
        const key = `key-${next++}`;
        while (!stop.signal.aborted) {
          const { data } = await ask(
            `mutation { work(input: { what: "${key}", key: "${key}" }) { id } }`,
          );
          const id = data?.['work']?.['id'];
          if (id !== undefined) {
            acknowledged.set(key, String(id));
            break;
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    });
    if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
    await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(100);
    await broker().kill();
    await broker().start();
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 40_000 }).toBeGreaterThan(before + 50);
    stop.abort();
    await Promise.all(senders);
    await expect
      .poll(() => [...acknowledged.keys()].filter((key) => !effects.has(key)), {
        timeout: 60_000,
        interval: 200,
      })
      .toEqual([]);
    expect([...effects].filter(([, times]) => times > 1)).toEqual([]);
  }, 150_000);
}
