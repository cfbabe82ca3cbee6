import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { fakeBackend } from '../../../src/backend/fake-backend.ts';
import type { LiveEvents } from '../../../src/events/live-events.ts';
import { createLiveEvents } from '../../../src/events/live-events.ts';
import type { CreateServerOptions } from '../../../src/index.ts';
import { createServer } from '../../../src/index.ts';
import type { Auth, AuthDefinition } from '../../../src/server/auth/auth.ts';
import type { RestRequest } from '../../../src/backend/backend.ts';
import { installed, privateRedis } from './private-brokers.ts';
import { thingChanged, thingSeen, toy } from './toy-bff.ts';

async function serve(options: Partial<CreateServerOptions> = {}) {
  const backend = fakeBackend({
    'GET /things': ({ query }: RestRequest) => ({
      items: (query['ids'] as string[]).map((id) => ({ id, value: `value of ${id}` })),
    }),
  });
  const lines: string[] = [];
  let events: LiveEvents | undefined;
  const note = (_: object, line: string) => void lines.push(line);
  const server = createServer(toy, {
    backends: { things: backend },
    settings: {},
    logger: { debug() {}, info() {}, warn: note, error: note },
    ...options,
    events: (host) => {
      events = createLiveEvents({
        definitions: { topics: [thingChanged, thingSeen], jobs: [], webhooks: [] },
        settings: {
          ...noQueues,
          NATS_URL: null,
          AMQP_URL: null,
          KAFKA_BROKERS: null,
          REDIS_URL: options.settings?.['REDIS_URL'] ?? null,
        },
        host,
      });
      return events;
    },
  });
  onTestFinished(() => server.close());
  const { url } = await server.listen();
  return { url, backend, lines, server, context: { events: events! } };
}

const noQueues = { SQS_URL: null, AMQP1_URL: null };

/** Reads Server-Sent Events, one block at a time. */
async function sse(url: string, query: string, headers: Readonly<Record<string, string>> = {}) {
  const controller = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ readonly id: string | null; readonly data: unknown }> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return { id: null, data: 'over' };
        text += value;
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.includes('event: complete')) return { id: null, data: 'over' };
      if (data !== undefined) {
        return { id: /^id: (.*)$/m.exec(block)?.[1] ?? null, data: JSON.parse(data) };
      }
    }
  };
  text = (await reader.read()).value ?? ''; // the comment that says that it is open, at least
  return { next, leave: () => controller.abort() };
}

const idOf = ({ data }: { readonly data: unknown }) =>
  (data as { data: Record<string, { id: string }> | null }).data?.['seen']?.id;

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

describe.each([
  ['Server-Sent Events', stuckReader],
  ['graphql-transport-ws', stuckSocket],
])('over %s', (_, open) => {
  it('a reader that takes nothing is cut at 1 MiB, and the others are not', async () => {
    const { url, context, lines } = await serve();
    const query = 'subscription { seen { id note } }';
    const stuck = await open(url, query);
    const other = await sse(url, query);
    await until(() => context.events.topics.count().readers === 2);
    const note = 'x'.repeat(64 * 1024);
    // The system's own buffers take some MiB.
    for (let index = 0; context.events.topics.count().readers === 2; index += 1) {
      if (index === 2_000) throw new Error('it was never cut');
      await thingSeen.publish(context, { id: `${index}`, note });
      expect(idOf(await other.next())).toBe(`${index}`);
    }
    await stuck.closed;
    expect(lines.filter((line) => line.includes('too slow'))).toHaveLength(1);
    other.leave();
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

/** A client that sends its request, and then reads nothing any more. */
async function stuckReader(url: string, query: string) {
  const { port, hostname, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  const body = JSON.stringify({ query });
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.pause();
  onTestFinished(() => void socket.destroy());
  return {
    /** Resolves when the other side has cut it, which a socket that is not read does not see. */
    get closed() {
      socket.resume();
      return closed;
    },
  };
}

/** The same over a WebSocket. */
async function stuckSocket(url: string, query: string) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  socket.pause();
  onTestFinished(() => socket.terminate());
  return {
    get closed() {
      socket.resume();
      return closed;
    },
  };
}

async function until(holds: () => boolean, ms = 5_000): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    if (performance.now() - startedAt > ms) throw new Error(`${String(holds)} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
