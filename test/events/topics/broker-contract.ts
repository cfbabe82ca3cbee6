import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  Heard,
} from '../../../src/events/topics/broker.ts';
import { freePort, type PrivateBroker, type PrivateOptions } from './private-brokers.ts';

export interface Adapter {
  readonly create: (options: BrokerOptions) => Broker;
  readonly start: (options?: PrivateOptions) => Promise<PrivateBroker>;
  /** An address at which nothing answers. */
  readonly nowhere: (port: number) => string;
  /** A listener's first message may take so long. @default 100 */
  readonly deliveredMs?: number;
  /** How long a topic must have been before the broker keeps it through a kill. @default 0 */
  readonly settleMs?: number;
  /** Whether it can be killed and started again, and has passwords. @default true */
  readonly restarts?: boolean;
}

/** What every adapter holds, over a broker of the test's own. */
export function describeBroker(adapter: Adapter): void {
  const { create, start, nowhere, deliveredMs = 100, settleMs = 0, restarts = true } = adapter;
  const open = (url: string) => {
    const lines: string[] = [];
    const broker = create({ url, log: (line) => lines.push(line) });
    onTestFinished(() => broker.close());
    return { broker, lines };
  };
  let shared: PrivateBroker;
  beforeAll(async () => {
    shared = await start();
  }, 60_000);
  afterAll(() => shared.remove());
  /** One that a test may kill. */
  const own = async (options?: PrivateOptions) => {
    const server = await start(options);
    onTestFinished(() => server.remove());
    return server;
  };
  const message = (body: string) => ({ headers: { 'content-type': 'text/plain' }, body });

  it('hears what another instance publishes, in order, with its headers, soon', async () => {
    const { url } = shared;
    const one = open(url).broker;
    const two = open(url).broker;
    const hearing = new Hearing();
    await one.listen('things.moved', hearing);
    await two.publish('things.moved', message('warm'), 'a');
    await hearing.until(1);
    for (let index = 0; index < 20; index += 1) {
      const startedAt = performance.now();
      await two.publish('things.moved', message(`${index} é`), 'a');
      await hearing.until(index + 2);
      expect(performance.now() - startedAt).toBeLessThan(deliveredMs);
    }
    expect(hearing.bodies.slice(1)).toEqual(Array.from({ length: 20 }, (_, index) => `${index} é`));
    expect(hearing.heardAll[0]?.headers['content-type']).toBe('text/plain');
    expect(hearing.gaps).toBe(0);
  });

  it('hears nothing from before, nothing of other topics, and nothing after it stopped', async () => {
    const { broker } = open(shared.url);
    await broker.publish('things.stopped', message('before'), 'a');
    const hearing = new Hearing();
    const other = new Hearing();
    const subscription = await broker.listen('things.stopped', hearing);
    await broker.listen('things.else', other);
    await broker.publish('things.stopped', message('heard'), 'a');
    await hearing.until(1);
    await subscription.stop();
    await broker.publish('things.stopped', message('after'), 'a');
    await broker.publish('things.else', message('else'), 'a');
    await other.until(1);
    expect(hearing.bodies).toEqual(['heard']);
    expect(other.bodies).toEqual(['else']);
  });

  it('reads its log after a cursor, exactly, also in another instance', async () => {
    const { url } = shared;
    const one = open(url).broker;
    const hearing = new Hearing();
    await one.listen('things.logged', hearing);
    for (const body of ['1', '2', '3', '4']) await one.publish('things.logged', message(body), 'a');
    await hearing.until(4);
    const two = open(url).broker;
    await two.listen('things.logged', new Hearing());
    const after = async (index: number, most = 100) =>
      (await two.replay('things.logged', hearing.heardAll[index]?.cursor ?? '', most))?.map(
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
      expect(await two.replay('things.logged', cursor ?? '', 100)).toBeNull();
    }
  });

  it.runIf(restarts)('goes on where it was when the broker is killed and comes back', async () => {
    const server = await own();
    const { broker, lines } = open(server.url);
    const other = open(server.url).broker;
    const hearing = new Hearing();
    await broker.listen('things.moved', hearing);
    await broker.publish('things.moved', message('before'), 'a');
    await hearing.until(1);
    if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
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

  it.runIf(restarts)(
    'says the gap when the broker comes back without its log, and hears on',
    async () => {
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
      expect(
        await broker.replay('things.moved', hearing.heardAll[1]?.cursor ?? '', 100),
      ).toBeNull();
    },
  );

  it('refuses to listen and to publish while there is no broker', async () => {
    const { broker, lines } = open(nowhere(await freePort()));
    const unavailable = { code: 'UPSTREAM_UNAVAILABLE', backend: broker.name, retryable: true };
    await expect(broker.listen('things.moved', new Hearing())).rejects.toMatchObject(unavailable);
    await expect(broker.publish('things.moved', message('1'), 'a')).rejects.toMatchObject(
      unavailable,
    );
    await expect(broker.replay('things.moved', '1-1', 10)).rejects.toMatchObject(unavailable);
    expect(lines).toHaveLength(1);
  });

  it.runIf(restarts)('connects once there is a broker', async () => {
    const server = await own();
    await server.kill();
    const later = open(server.url).broker;
    await expect(later.listen('things.moved', new Hearing())).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    await server.start();
    await publishSoon(later, 'things.moved', message('1'));
  });

  it.runIf(restarts)('says that the credentials are wrong', async () => {
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

/** Remembers what it hears, and can be waited for. */
class Hearing implements BrokerListener {
  readonly heardAll: Heard[] = [];
  gaps = 0;
  #changed: (() => void) | undefined;

  get bodies(): string[] {
    return this.heardAll.map(({ body }) => body);
  }

  heard(message: Heard): void {
    this.heardAll.push(message);
    this.#changed?.();
  }

  gap(): void {
    this.gaps += 1;
    this.#changed?.();
  }

  until(count: number, ms = 5_000): Promise<void> {
    return this.#until(`${count} messages`, () => this.heardAll.length >= count, ms);
  }

  untilBody(body: string, ms: number): Promise<void> {
    return this.#until(`"${body}"`, () => this.bodies.includes(body), ms);
  }

  async #until(what: string, holds: () => boolean, ms: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${what} did not come; heard ${this.bodies.join(', ')}`)),
      ms,
    );
    while (!holds()) {
      await Promise.race([new Promise<void>((resolve) => (this.#changed = resolve)), late.promise]);
    }
    clearTimeout(timer);
  }
}
