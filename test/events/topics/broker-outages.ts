import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineTopic, type Topic } from '../../../src/events/define-topic.ts';
import { nobodyObserves } from '../../../src/events/observer.ts';
import type { Broker, BrokerOptions } from '../../../src/events/topics/broker.ts';
import { EventPosition } from '../../../src/events/topics/event-position.ts';
import { createLiveTopics, type LiveTopics } from '../../../src/events/topics/live-topics.ts';

export interface Outage {
  readonly url: string;
  readonly create: (options: BrokerOptions) => Broker;
  readonly down: () => Promise<void>;
  /** Resolves when connections are taken again. */
  readonly up: () => Promise<void>;
  /** How long the broker is away, in milliseconds. */
  readonly awayMs: number;
  /** How long a topic must have been before the broker keeps it through a kill. @default 0 */
  readonly settleMs?: number;
}

const counted = defineTopic({
  name: 'things.counted',
  schema: z.object({ n: z.number() }),
  key: () => 'one',
}) as Topic<{ n: number }>; // given as it is read

const everyMs = 5;
const resumedWithinMs = 5_000;

/**
 * Publishes 200 events a second, come what may, while the broker goes and comes back: each that was
 * confirmed reaches a subscriber that stays, and one that comes back with its cursor to another
 * instance, once and in order; both hear on within five seconds.
 */
export async function hearsAllThrough(outage: Outage): Promise<void> {
  const publishing = instance(outage);
  const hearing = instance(outage);
  const staying = read(hearing, new EventPosition());
  const leaving = read(hearing, new EventPosition());
  const confirmed: number[] = [];
  let sent = 0;
  let refused = 0;
  const unsettled = new Set<Promise<void>>();
  const publish = () => {
    const n = sent++;
    const settled = publishing.publish(counted, { n }).then(
      () => void confirmed.push(n),
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
        refused += 1;
      },
    );
    unsettled.add(settled);
    void settled.then(() => unsettled.delete(settled));
  };
  const publisher = setInterval(publish, everyMs);
  onTestFinished(() => clearInterval(publisher));
  const comes = (more: number) => {
    const wanted = confirmed.length + more;
    return expect.poll(() => confirmed.length, { timeout: 30_000 }).toBeGreaterThan(wanted);
  };

  await expect.poll(() => staying.heard.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect.poll(() => leaving.heard.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, outage.settleMs ?? 0));
  await comes(200);
  await outage.down();
  await leaving.leave();
  await new Promise((resolve) => setTimeout(resolve, outage.awayMs));
  await outage.up();
  const before = sent;
  const upAt = performance.now();
  await expect
    .poll(() => staying.heard.at(-1)?.n, { timeout: 20_000, interval: 10 })
    .toBeGreaterThanOrEqual(before);
  const resumedMs = performance.now() - upAt;
  const returned = read(publishing, new EventPosition(leaving.position.cursor));
  await comes(200);
  clearInterval(publisher);
  await Promise.all(unsettled);
  const last = confirmed.toSorted((a, b) => a - b).at(-1) ?? 0;
  for (const { heard } of [staying, returned]) {
    await expect
      .poll(() => heard.at(-1)?.n, { timeout: 15_000, interval: 10 })
      .toBeGreaterThanOrEqual(last);
  }

  const back = [...leaving.heard, ...returned.heard];
  const gaps = [staying, leaving, returned].map(({ position }) => position.takeGap());
  console.info(
    `${confirmed.length} confirmed, ${refused} refused; heard again ${Math.round(resumedMs)} ms after the broker answered; gaps told: ${gaps.join(', ')}`,
  );
  expect(refused).toBeGreaterThan(0);
  for (const heard of [staying.heard, back]) {
    const numbers = heard.map(({ n }) => n);
    const first = numbers[0] ?? 0;
    const known = new Set(numbers);
    const missing = confirmed.filter((n) => n >= first && !known.has(n));
    const misplaced = numbers.filter((n, index) => index > 0 && n <= (numbers[index - 1] ?? 0));
    expect({ missing, misplaced }).toEqual({ missing: [], misplaced: [] });
  }
  expect(gaps).toEqual([false, false, false]);
  expect(resumedMs).toBeLessThan(resumedWithinMs);
}

function instance({ create, url }: Outage): LiveTopics {
  const topics = createLiveTopics({
    topics: [counted as Topic],
    broker: create({ url, log: () => {} }),
    source: '/test',
    invalidate: async () => {},
    observer: nobodyObserves,
    log: () => {},
  });
  onTestFinished(() => topics.close());
  return topics;
}

/** Reads until it leaves, or the topics close; while there is no broker yet, it tries again. */
function read(topics: LiveTopics, position: EventPosition) {
  const heard: { readonly n: number }[] = [];
  let events = topics.subscribe(counted, { position });
  const reading = (async () => {
    for (;;) {
      try {
        for await (const event of events) heard.push(event);
        return;
      } catch (error) {
        if (heard.length > 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
        events = topics.subscribe(counted, { position });
      }
    }
  })();
  reading.catch(() => {}); // what it did not hear is missed by whoever waits for it
  return {
    heard,
    position,
    async leave() {
      await events.return?.();
      await reading;
    },
  };
}
