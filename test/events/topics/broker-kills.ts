import { expect, it, onTestFinished } from 'vitest';
import type { Broker, BrokerOptions, Heard } from '../../../src/events/topics/broker.ts';
import { Hearing } from './hearing.ts';
import type { PrivateBroker, PrivateOptions } from './private-brokers.ts';

export interface KillableAdapter {
  readonly create: (options: BrokerOptions) => Broker;
  readonly start: (options?: PrivateOptions) => Promise<PrivateBroker>;
}

const message = (body: string) => ({ headers: { 'content-type': 'text/plain' }, body });

/** A broker and its adapters, for one test. */
function stageOf({ create, start }: KillableAdapter) {
  return {
    open(url: string) {
      const lines: string[] = [];
      const broker = create({ url, log: (line) => lines.push(line) });
      onTestFinished(() => broker.close());
      return { broker, lines };
    },
    async own(options?: PrivateOptions) {
      const server = await start(options);
      onTestFinished(() => server.remove());
      return server;
    },
  };
}

/** Its log survives a kill. Under load: brokers.kill-test.ts. */
export function itGoesOnWhereItWas(adapter: KillableAdapter): void {
  const { open, own } = stageOf(adapter);
  it('goes on where it was when the broker is killed and comes back', async () => {
    const server = await own();
    const { broker, lines } = open(server.url);
    const other = open(server.url).broker;
    const hearing = new Hearing();
    await broker.listen('things.moved', hearing);
    await broker.publish('things.moved', message('before'), 'a');
    await hearing.until(1);
    await server.kill();
    await expect(other.publish('things.moved', message('lost'), 'a')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
    });
    await server.start();
    await publishSoon(other, 'things.moved', message('first'));
    const startedAt = performance.now();
    await other.publish('things.moved', message('second'), 'a');
    await hearing.untilBody('second', 5_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(hearing.bodies.filter((body) => body !== 'lost')).toEqual(['before', 'first', 'second']);
    expect(hearing.gaps).toBe(0);
    expect(lines.filter((line) => line.includes(' is away'))).toHaveLength(1);
  });
}

/** What an adapter holds when its broker comes back empty, comes late, and asks for credentials. */
export function describeBrokerKills(adapter: KillableAdapter): void {
  const { open, own } = stageOf(adapter);

  it('says the gap when the broker comes back without its log, and hears on', async () => {
    const server = await own({ durable: false });
    const { broker } = open(server.url);
    const hearing = new Hearing();
    await broker.listen('things.moved', hearing);
    for (const body of ['1', '2', '3']) await broker.publish('things.moved', message(body), 'a');
    await hearing.until(3);
    await server.kill();
    await server.start();
    await publishSoon(broker, 'things.moved', message('4'));
    await hearing.untilBody('4', 5_000);
    expect(hearing.gaps).toBe(1);
    expect(await broker.replay('things.moved', hearing.heardAll[1]?.cursor ?? '', 100)).toBeNull();
  });

  it('connects once there is a broker', async () => {
    const server = await own({ started: false });
    const later = open(server.url).broker;
    await expect(later.listen('things.moved', new Hearing())).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    await server.start();
    await publishSoon(later, 'things.moved', message('1'));
  });

  it('says that the credentials are wrong', async () => {
    const server = await own({ password: 'right' });
    const { broker, lines } = open(server.url.replace('right', 'wrong'));
    await expect(broker.publish('things.moved', message('1'), 'a')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/auth|password|refused|credential/i);
    expect(lines[0]).not.toContain('wrong');
    const right = open(server.url).broker;
    await publishSoon(right, 'things.moved', message('1'));
  });
}

/** Publishes as soon as the broker takes it. */
async function publishSoon(
  broker: Broker,
  topic: string,
  message: Omit<Heard, 'cursor'>,
): Promise<void> {
  const until = performance.now() + 20_000;
  for (;;) {
    try {
      await broker.publish(topic, message, 'a');
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
