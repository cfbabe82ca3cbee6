import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { until } from '../../load/redis.ts';
import { consumerEndpoint } from './consumer-endpoint.ts';
import { folder, hour, outgoing } from './outgoing-rig.ts';

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
