import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { done, type Queue } from '../../../src/events/jobs/queue.ts';
import { startJobServer } from './job-server.ts';

/** A broker that can be killed and started again at its address. */
export interface KillableBroker {
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface BrokerQueue {
  readonly broker: () => KillableBroker;
  readonly open: () => Queue;
  /** What makes a server's jobs go over it. */
  readonly settings: () => Record<string, string>;
  /** How long a queue must have been before the broker keeps it through a kill. @default 0 */
  readonly settleMs?: number;
}

/** What goes through a broker while it dies. */
interface Load {
  /** Resolves when the broker has taken a good deal more. */
  more(): Promise<void>;
  /** Sends no more, and fails unless all that the broker took has come of it. */
  prove(): Promise<void>;
}

/**
 * What every broker's queue promises on top: what it confirmed survives the broker's death, twice,
 * while messages are sent and taken; and the effect of each acknowledged job happens, once.
 */
export function itSurvivesItsBroker({ broker, open, settings, settleMs = 0 }: BrokerQueue): void {
  it('loses nothing that it confirmed, and does each acknowledged job once, when its broker is killed twice', async () => {
    const loads = [loadMessages(open()), await loadJobs(settings())];
    if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
    const more = () => Promise.all(loads.map((load) => load.more()));
    for (let kills = 0; kills < 2; kills += 1) {
      await more();
      await broker().kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await broker().start();
    }
    await more();
    await Promise.all(loads.map((load) => load.prove()));
  }, 300_000);
}

function loadMessages(queue: Queue): Load {
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
  return {
    more: () => grows(() => confirmed.length, 400),
    async prove() {
      stop.abort();
      await Promise.all(senders);
      await expect
        .poll(() => confirmed.filter((id) => !taken.has(id)), { timeout: 45_000, interval: 100 })
        .toEqual([]);
      const twice = [...taken.values()].filter((times) => times > 1).length;
      console.info(
        `${queue.name}: ${confirmed.length} confirmed, ${refused} refused, ${twice} delivered twice, 0 lost`,
      );
    },
  };
}

async function loadJobs(settings: Record<string, string>): Promise<Load> {
  const effects = new Map<string, number>();
  const { ask } = await startJobServer({
    concurrency: 8,
    backoffMs: [50, 50, 50, 50],
    run: async (_, { idempotencyKey }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1);
    },
    server: { settings },
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
  return {
    more: () => grows(() => acknowledged.size, 100),
    async prove() {
      stop.abort();
      await Promise.all(senders);
      await expect
        .poll(() => [...acknowledged.keys()].filter((key) => !effects.has(key)), {
          timeout: 60_000,
          interval: 200,
        })
        .toEqual([]);
      expect([...effects].filter(([, times]) => times > 1)).toEqual([]);
    },
  };
}

/** By more than `by`, soon. */
async function grows(count: () => number, by: number): Promise<void> {
  await expect.poll(count, { timeout: 70_000 }).toBeGreaterThan(count() + by);
}
