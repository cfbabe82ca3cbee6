import { describe, expect, test } from 'vitest';
import { until } from '../../load/redis.ts';
import { consumerEndpoint } from './consumer-endpoint.ts';
import { hour, minute, outgoing, second } from './outgoing-rig.ts';

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

test('a topic that there is not is refused with the nearest', async () => {
  const { register } = outgoing();
  await expect(register('http://localhost:1/', ['flight.changed'])).rejects.toThrow(
    'topics: there is no topic "flight.changed"; there are flights.changed, flights.cancelled. Did you mean "flights.changed"?',
  );
});
