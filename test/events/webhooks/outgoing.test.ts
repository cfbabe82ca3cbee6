import type { LookupAddress } from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CloudEvent } from '../../../src/events/cloud-event.ts';
import { cloudEvent } from '../../../src/events/cloud-event.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import type { FindAddresses } from '../../../src/events/webhooks/outgoing/address-guard.ts';
import { OutgoingWebhooks } from '../../../src/events/webhooks/outgoing/outgoing-webhooks.ts';
import { outgoingTables } from '../../../src/events/webhooks/webhook-tables.ts';
import { until } from '../../load/redis.ts';
import { consumerEndpoint } from './consumer-endpoint.ts';

interface Options {
  readonly path?: string;
  readonly allowLoopback?: boolean;
  readonly find?: FindAddresses;
}

/** Outgoing webhooks over a topic of the test's own, on a clock of its own. */
function outgoing({ path = ':memory:', allowLoopback = true, find }: Options = {}) {
  const clock = { now: Date.now() };
  const lines: string[] = [];
  const listeners = new Map<string, (event: CloudEvent) => void>();
  const file = openSqliteFile({ path, schema: outgoingTables, backend: 'webhooks' });
  const webhooks = new OutgoingWebhooks({
    file,
    topics: ['flights.changed', 'flights.cancelled'],
    live: {
      listen({ name }, listener) {
        listeners.set(name, listener);
        return () => listeners.delete(name);
      },
    },
    rule: { allowLoopback },
    log: (line) => lines.push(line),
    now: () => clock.now,
    ...(find && { find }),
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await webhooks.close();
    await file.close();
  };
  onTestFinished(close);
  return {
    webhooks,
    clock,
    lines,
    listeners,
    close,
    register: async (url: string, topics = ['flights.changed']) =>
      webhooks.register({ url, topics, description: '' }),
    publish(id: string, type = 'flights.changed') {
      const time = '2026-11-22T10:00:00.000Z';
      listeners.get(type)?.(cloudEvent({ type, source: '/bff/web', id, time, data: { id } }));
    },
    /** Lets the clock go on, and what is due then be tried. */
    async pass(ms: number) {
      clock.now += ms;
      await webhooks.wake();
      await webhooks.settled();
    },
    log: (id: string) => webhooks.log(id, 50, null),
  };
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

describe('an event reaches who is registered for its topic', () => {
  test('signed so that the reference implementation of Standard Webhooks takes it', async () => {
    const endpoint = await consumerEndpoint();
    const { register, publish, log } = outgoing();
    const { consumer, secret } = await register(endpoint.url);
    publish('e1', 'flights.cancelled');
    publish('e1');
    await until('it', () => endpoint.received.length > 0);
    const [first] = endpoint.received;
    expect(first?.path).toBe('/hooks?from=us');
    const headers = first?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(first?.body ?? '', headers)).toEqual({
      type: 'flights.changed',
      timestamp: '2026-11-22T10:00:00.000Z',
      data: { id: 'e1' },
    });
    expect(() =>
      new Webhook(`whsec_${'A'.repeat(44)}`).verify(first?.body ?? '', headers),
    ).toThrow();
    await until('the log', () => log(consumer.id)[0]?.status === 'delivered');
    expect(log(consumer.id)).toMatchObject([
      {
        message: headers['webhook-id'],
        topic: 'flights.changed',
        status: 'delivered',
        attempts: [{ status: 204, problem: null }],
      },
    ]);
  });

  test('once, when several processes hear it', async () => {
    const endpoint = await consumerEndpoint();
    const path = join(folder(), 'webhooks.sqlite');
    const [one, two] = [outgoing({ path }), outgoing({ path })];
    await one.register(endpoint.url);
    await two.webhooks.wake();
    one.publish('e1');
    two.publish('e1');
    one.publish('e2');
    await until('both events', () => endpoint.received.length >= 2);
    await Promise.all([one.pass(0), two.pass(0)]);
    await Promise.all([one.close(), two.close()]);
    expect(new Set(endpoint.received.map(({ body }) => body)).size).toBe(2);
    expect(endpoint.received).toHaveLength(2);
  });

  test('also when the process ends before it was told', async () => {
    const endpoint = await consumerEndpoint();
    endpoint.status(500);
    const path = join(folder(), 'webhooks.sqlite');
    const first = outgoing({ path });
    const { consumer, secret } = await first.register(endpoint.url);
    first.publish('e1');
    await until('a try', () => endpoint.received.length === 1);
    await first.close();
    endpoint.status(204);
    const second = outgoing({ path });
    await second.pass(6 * 1_000);
    expect(endpoint.received).toHaveLength(2);
    const [before, after] = endpoint.received;
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
    new Webhook(secret).verify(after?.body ?? '', after?.headers as Record<string, string>);
    expect(second.log(consumer.id)[0]?.attempts.map(({ status }) => status)).toEqual([500, 204]);
  });

  test('with two signatures for a day after its secret was changed', async () => {
    const endpoint = await consumerEndpoint();
    const { webhooks, register, publish, pass } = outgoing();
    const { consumer, secret: former } = await register(endpoint.url);
    const secret = await webhooks.rotate(consumer.id);
    publish('e1');
    await until('e1', () => endpoint.received.length === 1);
    for (const each of [former, secret]) {
      const { body = '', headers } = endpoint.received[0] ?? {};
      new Webhook(each).verify(body, headers as Record<string, string>);
    }
    await pass(25 * hour);
    publish('e2');
    await until('e2', () => endpoint.received.length === 2);
    expect(endpoint.received[1]?.headers['webhook-signature']).not.toContain(' ');
  });

  test('not any more when the consumer was removed', async () => {
    const endpoint = await consumerEndpoint();
    const { webhooks, register, listeners, publish, pass } = outgoing();
    const { consumer } = await register(endpoint.url);
    expect([...listeners.keys()]).toEqual(['flights.changed']);
    await webhooks.remove(consumer.id);
    expect([...listeners.keys()]).toEqual([]);
    publish('e1');
    await pass(0);
    expect(endpoint.received).toHaveLength(0);
  });
});

describe('a consumer that fails', () => {
  test('is tried ten times in three days, then disabled with a note; a replay brings all of it', async () => {
    const endpoint = await consumerEndpoint();
    endpoint.status(500);
    const { webhooks, register, publish, pass, log, lines } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('e1');
    await until('the first try', () => log(consumer.id)[0]?.attempts.length === 1);
    const waits = [
      5 * second,
      5 * minute,
      30 * minute,
      2 * hour,
      5 * hour,
      10 * hour,
      14 * hour,
      20 * hour,
      24 * hour,
    ];
    for (const [index, wait] of waits.entries()) {
      await pass(wait * 0.99);
      expect(log(consumer.id).at(-1)?.attempts).toHaveLength(index + 1);
      await pass(wait * 0.12);
      expect(log(consumer.id).at(-1)?.attempts).toHaveLength(index + 2);
      if (index !== 7) continue;
      publish('e2');
      await until('a try of e2', () => log(consumer.id)[0]?.attempts.length === 1);
    }
    expect(log(consumer.id).map(({ status }) => status)).toEqual(['skipped', 'failed']);
    const disabled = webhooks.consumer(consumer.id);
    expect(disabled?.disabledAt).not.toBeNull();
    expect(disabled?.note).toMatch(
      /^nothing was delivered since .*Z: 10 tries of msg_\S+ failed, the last with: it answered 500$/,
    );
    expect(lines).toEqual([
      `webhook consumer ${consumer.id} (${endpoint.url}) is disabled: ${disabled?.note}`,
    ]);

    endpoint.received.length = 0;
    publish('e3');
    await until('e3', () => log(consumer.id).length === 3);
    await pass(25 * hour);
    expect(endpoint.received).toHaveLength(0);

    endpoint.status(200);
    await webhooks.enable(consumer.id);
    expect(await webhooks.replay(consumer.id, { statuses: ['failed', 'skipped'] })).toBe(3);
    await until('all', () => endpoint.received.length === 3);
    await pass(0);
    expect(log(consumer.id).map(({ status }) => status)).toEqual(Array(3).fill('delivered'));
    expect(webhooks.consumer(consumer.id)).toMatchObject({
      note: null,
      failuresInRow: 0,
      pending: 0,
    });
  });

  test('that took something meanwhile stays enabled when one event fails for good', async () => {
    const endpoint = await consumerEndpoint((response) => response.writeHead(500).end());
    const { webhooks, register, publish, pass, log } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('poison');
    await until('the first try', () => log(consumer.id)[0]?.attempts.length === 1);
    endpoint.answers((response) => {
      const { body = '' } = endpoint.received.at(-1) ?? {};
      response.writeHead(body.includes('poison') ? 500 : 200).end();
    });
    publish('good');
    await until('the good one', () => log(consumer.id)[0]?.status === 'delivered');
    for (let day = 0; day < 10; day += 1) await pass(27 * hour);
    expect(log(consumer.id).map(({ status }) => status)).toEqual(['delivered', 'failed']);
    expect(webhooks.consumer(consumer.id)?.disabledAt).toBeNull();
  });

  test('that answers 410 is disabled at once', async () => {
    const endpoint = await consumerEndpoint();
    endpoint.status(410);
    const { webhooks, register, publish } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('e1');
    await until('it', () => webhooks.consumer(consumer.id)?.disabledAt !== null);
    expect(webhooks.consumer(consumer.id)?.note).toBe('it answered 410: it wants no more webhooks');
    expect(endpoint.received).toHaveLength(1);
  });

  test('and says when to come back is believed', async () => {
    const endpoint = await consumerEndpoint();
    endpoint.status(429, { 'retry-after': '600' });
    const { register, publish, pass, log } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('e1');
    await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
    await pass(599 * second);
    expect(endpoint.received).toHaveLength(1);
    await pass(62 * second);
    expect(endpoint.received).toHaveLength(2);
  });

  test('by redirecting is not followed', async () => {
    const target = await consumerEndpoint();
    const endpoint = await consumerEndpoint();
    endpoint.status(307, { location: target.url });
    const { register, publish, log } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('e1');
    await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
    expect(log(consumer.id)[0]?.attempts[0]).toMatchObject({
      status: 307,
      problem: 'it answered 307; redirects are not followed',
      answer: 'status 307',
    });
    expect(target.received).toHaveLength(0);
  });

  test('by hanging holds up nobody else', async () => {
    const hanging = await consumerEndpoint(() => {});
    const good = await consumerEndpoint();
    const { register, publish, webhooks } = outgoing();
    await register(hanging.url);
    await register(good.url);
    for (let number = 0; number < 50; number += 1) publish(`e${number}`);
    await until('the good one hears all', () => good.received.length === 50);
    expect(hanging.received.length).toBeLessThanOrEqual(4);
    await webhooks.close(0);
  });

  test('with an endless answer is cut off', async () => {
    const endpoint = await consumerEndpoint((response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
      response.once('close', () => clearInterval(timer));
    });
    const { register, publish, log } = outgoing();
    const { consumer } = await register(endpoint.url);
    publish('e1');
    await until('the log', () => log(consumer.id)[0]?.status === 'delivered');
    expect(log(consumer.id)[0]?.attempts[0]?.answer).toBe('x'.repeat(500));
  });
});

describe('no webhook goes to an address that is not public', () => {
  const finds =
    (...addresses: string[]): FindAddresses =>
    (_, __, found) =>
      found(
        null,
        addresses.map(
          (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
        ),
      );

  test.each([
    'http://93.184.215.14/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0/',
    'https://10.1.2.3/',
    'https://172.31.255.1/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fc00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://user:password@example.com/',
    'ftp://example.com/',
    'nothing',
  ])('%s cannot be registered', async (url) => {
    const { register, webhooks } = outgoing({ allowLoopback: false });
    await expect(register(url)).rejects.toThrow(/^url: /);
    expect(webhooks.consumers()).toEqual([]);
  });

  test.each([
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x',
    'https://example.com:8443/hooks?a=b',
  ])('%s can', async (url) => {
    const { register } = outgoing({ allowLoopback: false, find: finds('10.0.0.1') });
    expect((await register(url)).consumer.url).toBe(url);
  });

  test.each([['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fd00::1']])(
    'a name that leads to %s is not connected to',
    async (...addresses) => {
      const endpoint = await consumerEndpoint();
      const { register, publish, log } = outgoing({
        allowLoopback: false,
        find: finds(...addresses),
      });
      const { consumer } = await register(`https://rebound.example:${endpoint.port}/`);
      publish('e1');
      await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
      expect(log(consumer.id)[0]?.attempts[0]?.problem).toMatch(
        /^rebound\.example leads to \S+ is no address of the public internet$/,
      );
      expect(endpoint.received).toHaveLength(0);
    },
  );

  test('this machine is one in development alone, and then the only one', async () => {
    const { register } = outgoing({ allowLoopback: true });
    await expect(register('http://10.0.0.1/')).rejects.toThrow('url: expected https');
    await expect(register('https://10.0.0.1/')).rejects.toThrow(
      'no address of the public internet',
    );
    expect((await register('http://localhost:1/')).consumer.url).toBe('http://localhost:1/');
  });

  test('a consumer that was registered while it was one is not told any more', async () => {
    const endpoint = await consumerEndpoint();
    const path = join(folder(), 'webhooks.sqlite');
    const before = outgoing({ path });
    const { consumer } = await before.register(endpoint.url);
    await before.close();
    const { publish, log, webhooks } = outgoing({ path, allowLoopback: false });
    await webhooks.wake();
    publish('e1');
    await until('a try', () => log(consumer.id)[0]?.attempts.length === 1);
    expect(log(consumer.id)[0]?.attempts[0]?.problem).toBe('expected https');
    expect(endpoint.received).toHaveLength(0);
  });
});

test('a topic that there is not is refused with the nearest', async () => {
  const { register } = outgoing();
  await expect(register('http://localhost:1/', ['flight.changed'])).rejects.toThrow(
    'topics: there is no topic "flight.changed"; there are flights.changed, flights.cancelled. Did you mean "flights.changed"?',
  );
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'webhooks-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
