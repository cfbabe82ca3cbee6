import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker, BrokerOptions } from '../../../src/events/topics/broker.ts';
import { Hearing } from './hearing.ts';
import { freePort } from './private-brokers.ts';

export interface Adapter {
  readonly create: (options: BrokerOptions) => Broker;
  readonly start: () => Promise<{ readonly url: string; remove(): Promise<void> }>;
  /** An address at which nothing answers. */
  readonly nowhere: (port: number) => string;
  /** A listener's first message may take so long. @default 100 */
  readonly deliveredMs?: number;
}

/** Topics that the contract makes. */
export const topics = {
  moved: 'things.moved',
  stopped: 'things.stopped',
  else: 'things.else',
  logged: 'things.logged',
} as const;

/** What every adapter holds while its broker runs, and where there is none. */
export function describeBroker({ create, start, nowhere, deliveredMs = 100 }: Adapter): void {
  const opened: Broker[] = [];
  const open = (url: string) => {
    const lines: string[] = [];
    const broker = create({ url, log: (line) => lines.push(line) });
    opened.push(broker);
    return { broker, lines };
  };
  let shared: Awaited<ReturnType<Adapter['start']>>;
  beforeAll(async () => {
    shared = await start();
  });
  afterAll(async () => {
    await Promise.all(opened.map((broker) => broker.close()));
    await shared?.remove();
  });
  const message = (body: string) => ({ headers: { 'content-type': 'text/plain' }, body });

  it('hears what another instance publishes, in order, with its headers, soon', async () => {
    const { url } = shared;
    const one = open(url).broker;
    const two = open(url).broker;
    const hearing = new Hearing();
    await one.listen(topics.moved, hearing);
    await two.publish(topics.moved, message('warm'), 'a');
    await hearing.until(1);
    for (let index = 0; index < 20; index += 1) {
      const startedAt = performance.now();
      await two.publish(topics.moved, message(`${index} é`), 'a');
      await hearing.until(index + 2);
      expect(performance.now() - startedAt).toBeLessThan(deliveredMs);
    }
    expect(hearing.bodies.slice(1)).toEqual(Array.from({ length: 20 }, (_, index) => `${index} é`));
    expect(hearing.heardAll[0]?.headers['content-type']).toBe('text/plain');
    expect(hearing.gaps).toBe(0);
  });

  it('hears nothing from before, nothing of other topics, and nothing after it stopped', async () => {
    const { broker } = open(shared.url);
    await broker.publish(topics.stopped, message('before'), 'a');
    const hearing = new Hearing();
    const other = new Hearing();
    const subscription = await broker.listen(topics.stopped, hearing);
    await broker.listen(topics.else, other);
    await broker.publish(topics.stopped, message('heard'), 'a');
    await hearing.until(1);
    await subscription.stop();
    await broker.publish(topics.stopped, message('after'), 'a');
    await broker.publish(topics.else, message('else'), 'a');
    await other.until(1);
    expect(hearing.bodies).toEqual(['heard']);
    expect(other.bodies).toEqual(['else']);
  });

  it('reads its log after a cursor, exactly, also in another instance', async () => {
    const { url } = shared;
    const one = open(url).broker;
    const hearing = new Hearing();
    await one.listen(topics.logged, hearing);
    for (const body of ['1', '2', '3', '4']) await one.publish(topics.logged, message(body), 'a');
    await hearing.until(4);
    const two = open(url).broker;
    await two.listen(topics.logged, new Hearing());
    const after = async (index: number, most = 100) =>
      (await two.replay(topics.logged, hearing.heardAll[index]?.cursor ?? '', most))?.map(
        ({ body }) => body,
      );
    expect(await after(0)).toEqual(['2', '3', '4']);
    expect(await after(3)).toEqual([]);
    expect(await after(0, 2)).toBeUndefined();
    for (const cursor of [
      '',
      'x',
      '0-99',
      '9-9',
      hearing.heardAll[0]?.cursor?.replace(/.$/, '999'),
    ]) {
      expect(await two.replay(topics.logged, cursor ?? '', 100)).toBeNull();
    }
  });

  it('refuses to listen and to publish while there is no broker', async () => {
    const { broker, lines } = open(nowhere(await freePort()));
    const unavailable = { code: 'UPSTREAM_UNAVAILABLE', backend: broker.name, retryable: true };
    await expect(broker.listen(topics.moved, new Hearing())).rejects.toMatchObject(unavailable);
    await expect(broker.publish(topics.moved, message('1'), 'a')).rejects.toMatchObject(
      unavailable,
    );
    await expect(broker.replay(topics.moved, '1-1', 10)).rejects.toMatchObject(unavailable);
    expect(lines).toHaveLength(1);
  });
}
