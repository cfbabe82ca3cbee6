import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Auth, AuthDefinition } from '../../../src/server/auth/auth.ts';
import { installed, privateRedis } from './private-brokers.ts';
import { idOf, serve, sse, until } from './subscribers.ts';
import { thingChanged, thingSeen } from './toy-bff.ts';

describe('over Server-Sent Events', () => {
  it('an event’s fields are resolved by the plan of a query, and carry where it is', async () => {
    const { url, context, backend } = await serve();
    const stream = await sse(url, 'subscription { thingChanged(id: "a") { id value } }');
    await thingChanged.publish(context, { id: 'b' });
    await thingChanged.publish(context, { id: 'a' });
    const { id, data } = await stream.next();
    expect(data).toMatchObject({ data: { thingChanged: { id: 'a', value: 'value of a' } } });
    expect(data).toMatchObject({ extensions: { events: { cursor: id } } });
    expect(id).toMatch(/^things\.changed=in-process:[0-9a-f]+-1$/);
    expect(backend.calls).toHaveLength(1);
    stream.leave();
  });

  it('a client that comes back hears what it missed, once, and then goes on', async () => {
    const { url, context } = await serve();
    const query = 'subscription { seen { id } }';
    const first = await sse(url, query);
    await thingSeen.publish(context, { id: '1' });
    const { id } = await first.next();
    first.leave();
    for (const missed of ['2', '3']) await thingSeen.publish(context, { id: missed });
    const second = await sse(url, query, { 'last-event-id': id! });
    await thingSeen.publish(context, { id: '4' });
    expect([await second.next(), await second.next(), await second.next()].map(idOf)).toEqual([
      '2',
      '3',
      '4',
    ]);
    second.leave();
  });

  it('a client that comes back too late is told of the gap, and then hears on', async () => {
    const { url, context } = await serve();
    const last = 'things.seen=in-process:0123456789ab-7';
    const stream = await sse(url, 'subscription { seen { id } }', { 'last-event-id': last });
    expect(await stream.next()).toMatchObject({
      data: {
        data: null,
        errors: [
          {
            message: 'Events may have been missed; ask again for what you show.',
            extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
          },
        ],
        extensions: { events: { gap: true } },
      },
    });
    await thingSeen.publish(context, { id: '1' });
    expect(idOf(await stream.next())).toBe('1');
    stream.leave();
  });
});

describe('a position that nobody here ever gave', () => {
  const gap = { extensions: { events: { gap: true } } };

  it.each(['garbage', '=', 'things.seen=', `things.seen=${'1'.repeat(3_000)}`])(
    'is a gap as Last-Event-ID: %.20s',
    async (last) => {
      const { url, context } = await serve();
      const stream = await sse(url, 'subscription { seen { id } }', { 'last-event-id': last });
      expect(await stream.next()).toMatchObject({ data: gap });
      await thingSeen.publish(context, { id: '1' });
      expect(idOf(await stream.next())).toBe('1');
      stream.leave();
    },
  );

  it.each([{ cursor: 'junk' }, { cursor: 5 }, 'x', { cursor: { a: 1 } }])(
    'is a gap in extensions: %j',
    async (events) => {
      const { url } = await serve();
      const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket });
      const stream = client.iterate({
        query: 'subscription { seen { id } }',
        extensions: { events },
      });
      expect((await stream.next()).value).toMatchObject(gap);
      await client.dispose();
    },
  );
});

describe('over graphql-transport-ws', () => {
  it('the cursor goes out with each event, and back in with the subscription', async () => {
    const { url, context } = await serve();
    const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket });
    onTestFinished(() => void client.dispose());
    const query = 'subscription { seen(id: "a") { id note } }';
    const first = client.iterate({ query });
    const coming = first.next();
    await until(() => context.events.topics.count().readers === 1);
    await thingSeen.publish(context, { id: 'a', note: '1' });
    const { extensions } = (await coming).value as { extensions: Record<string, unknown> };
    await first.return?.();
    await thingSeen.publish(context, { id: 'b', note: '2' });
    await thingSeen.publish(context, { id: 'a', note: '3' });
    const second = client.iterate({ query, extensions: { events: extensions['events'] } });
    expect((await second.next()).value).toMatchObject({ data: { seen: { id: 'a', note: '3' } } });
    await second.return?.();
  });
});

describe('a viewer', () => {
  it('whose credential ends sees no further event', async () => {
    let revoke = () => {};
    const auth: AuthDefinition = {
      settings: () => ({}),
      create: (): Auth => ({
        guard: () => null,
        routes: async () => null,
        viewer: async () => ({ subject: 'ann', scopes: [] }),
        socketViewer: async () => ({ subject: 'ann', scopes: [] }),
        watch: (_, ended) => {
          revoke = ended;
          return () => {};
        },
        tokenFor: () => '',
        close: async () => {},
      }),
    };
    const { url, context } = await serve({ auth });
    const stream = await sse(url, 'subscription { seen { id } }');
    await thingSeen.publish(context, { id: '1' });
    expect(idOf(await stream.next())).toBe('1');
    await thingSeen.publish(context, { id: '2' });
    revoke();
    await thingSeen.publish(context, { id: '3' });
    const rest = [await stream.next(), await stream.next(), await stream.next()];
    expect(rest.at(-1)?.data).toBe('over');
    expect(rest.map(idOf)).not.toContain('3');
    expect(context.events.topics.count().readers).toBe(0);
  });
});

describe('what comes over a broker', () => {
  it.skipIf(!installed('redis-server'))(
    'and is no event of its topic is dropped with one line, and the good goes on',
    async () => {
      const redis = await privateRedis();
      onTestFinished(() => redis.remove());
      const { url, lines, context } = await serve({ settings: { REDIS_URL: redis.url } });
      const stream = await sse(url, 'subscription { seen { id } }');
      await until(() => context.events.topics.count().subscriptions === 2);
      const { createClient: createRedis } = await import('@redis/client');
      const producer = await createRedis({ url: redis.url }).connect();
      onTestFinished(() => producer.destroy());
      const send = (body: string, headers?: Readonly<Record<string, string>>) =>
        producer.xAdd('tailorbird:topic:things.seen', '*', {
          body,
          ...(headers && { headers: JSON.stringify(headers) }),
        });
      const envelope = { specversion: '1.0', id: '1', source: '/elsewhere', type: 'things.seen' };
      await send('no json');
      await send(JSON.stringify({ ...envelope, data: { id: 7 } }));
      await send(JSON.stringify({ ...envelope, specversion: '0.3', data: { id: 'old' } }));
      await send(JSON.stringify({ ...envelope, data: { id: 'structured' } }));
      await send(JSON.stringify({ id: 'binary' }), {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '2',
        'ce-source': '/elsewhere',
        'ce-type': 'things.seen',
      });
      expect(idOf(await stream.next())).toBe('structured');
      expect(idOf(await stream.next())).toBe('binary');
      expect(lines).toHaveLength(3);
      for (const line of lines)
        expect(line).toMatch(/^topic "things\.seen": what came over redis is dropped: /);
      expect(lines[1]).toContain('id: ');
      stream.leave();
    },
  );

  it('a topic that the bff does not have is named, with the nearest', async () => {
    const { context } = await serve();
    await expect(thingSeen.publish({ events: undefined }, { id: '1' })).rejects.toThrow(
      'there are no events here',
    );
    const misspelt = { ...thingSeen, name: 'things.sean' };
    expect(() => context.events.topics.subscribe(misspelt, {})).toThrow(
      /topic "things\.sean" is not running here: .* Did you mean "things\.seen"\?/i,
    );
  });
});

it('ten thousand who subscribe and leave leave nothing behind', { timeout: 60_000 }, async () => {
  const { context } = await serve();
  const { topics } = context.events;
  const permanent = 1; // of the topic that invalidates
  const cycle = async () => {
    const controller = new AbortController();
    const reader = thingSeen.subscribe({ ...context, signal: controller.signal }, { key: 'a' });
    if (Math.random() < 0.5) await reader.return?.();
    else controller.abort();
  };
  for (let round = 0; round < 10_000; round += 1) await cycle();
  expect(topics.count().readers).toBe(0);
  await until(() => topics.count().subscriptions === permanent);
});
