import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { fakeBackend } from '../../src/backend/fake-backend.ts';
import { createLiveEvents, type LiveEvents } from '../../src/events/live-events.ts';
import type { StandardSchema } from '../../src/events/standard-schema.ts';
import {
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineRestBackend,
  defineSubschema,
  defineTopic,
} from '../../src/index.ts';
import type { RequestContext, Viewer } from '../../src/request.ts';
import type { AuthDefinition } from '../../src/server/auth/auth.ts';

// Subscribers to the same get one answer to an event: what depends on who asks must never be in it.

interface News {
  readonly id: string;
}

const schema: StandardSchema<News> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as News }) },
};

/** A server whose subscription `news` has fields of every kind, and counts how often each is run. */
async function serve() {
  const runs = { same: 0, slow: 0, givenUp: 0, sometimes: 0, fails: 0 };
  const held: (() => void)[] = [];
  const topic = defineTopic({ name: 'news', schema, key: ({ id }) => id });
  const builder = createSubschemaBuilder();
  const NewsRef = builder.objectRef<News>('News');
  NewsRef.implement({
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      same: t.string({ resolve: ({ id }) => `${id} ${(runs.same += 1)}` }),
      slow: t.string({
        resolve: async ({ id }, _, { signal }) => {
          runs.slow += 1;
          await new Promise<void>((resolve, reject) => {
            held.push(resolve);
            signal.addEventListener('abort', () => {
              runs.givenUp += 1;
              reject(signal.reason as Error);
            });
          });
          return id;
        },
      }),
      mine: t.string({ resolve: (_, __, { viewer }) => viewer?.subject ?? null }),
      token: t.string({ resolve: (_, __, context) => tokenOf(context) }),
      sometimes: t.string({
        resolve: ({ id }, _, context) => {
          runs.sometimes += 1;
          return id.startsWith('private') ? (context.viewer?.subject ?? 'nobody') : 'all';
        },
      }),
      guarded: t.string({ authScopes: { scope: 'read' }, resolve: () => 'seen' }),
      fails: t.string({
        resolve: () => {
          runs.fails += 1;
          throw new Error('secret');
        },
      }),
    }),
  });
  builder.queryField('ok', (t) => t.boolean({ resolve: () => true }));
  builder.subscriptionType({});
  builder.subscriptionField('news', (t) =>
    t.field({
      type: NewsRef,
      args: { id: t.arg.id() },
      subscribe: (_, { id }, context) => topic.subscribe(context, { key: id ?? undefined }),
      resolve: (news) => news,
    }),
  );
  const backend = defineRestBackend({ name: 'press', endpoints: 'http://127.0.0.1:1' });
  const ends = new Map<string, () => void>();
  let events: LiveEvents | undefined;
  const server = createServer(
    defineBff({
      name: 'news',
      subschemas: [defineSubschema({ backend, builder, topics: [topic] })],
    }),
    {
      backends: { press: fakeBackend({}) },
      settings: {},
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      auth: authOf(ends),
      events: (host) => {
        const none = { NATS_URL: null, AMQP_URL: null, KAFKA_BROKERS: null, REDIS_URL: null };
        events = createLiveEvents({
          definitions: { topics: [topic], jobs: [], webhooks: [] },
          settings: { ...none, SQS_URL: null, AMQP1_URL: null },
          host,
        });
        return events;
      },
    },
  );
  onTestFinished(() => server.close());
  const { url } = await server.listen();
  return {
    runs,
    held,
    ends,
    url,
    publish: (id: string) => topic.publish({ events }, { id }),
    readers: () => events?.topics.count().readers,
  };
}

/** Everybody is who they say; those named `reader…` may read. */
function authOf(ends: Map<string, () => void>): AuthDefinition {
  const viewerNamed = (name: unknown): Viewer => {
    const subject = String(name);
    return { subject, scopes: subject.startsWith('reader') ? ['read'] : [] };
  };
  return {
    settings: () => ({}),
    create: () => ({
      guard: () => null,
      routes: async () => null,
      viewer: async (request) => viewerNamed(request.headers.get('authorization')),
      socketViewer: async (_, payload) => viewerNamed(payload?.['name']),
      watch: (viewer, ended) => {
        const earlier = ends.get(viewer.subject);
        ends.set(viewer.subject, () => {
          earlier?.();
          ended();
        });
        return () => {};
      },
      tokenFor: (viewer) => `token of ${viewer?.subject}`,
      close: async () => {},
    }),
  };
}

async function tokenOf({ tokenFor }: RequestContext): Promise<string> {
  return (await tokenFor?.('press')) ?? 'none';
}

interface Told {
  readonly data: { readonly news: Readonly<Record<string, unknown>> | null } | null;
  readonly errors?: readonly { readonly extensions: { readonly requestId: string } }[];
}

/** Subscribes over a socket of one viewer's. */
async function subscriber(
  { url, readers }: Pick<Awaited<ReturnType<typeof serve>>, 'url' | 'readers'>,
  name: string,
  fields: string,
  variables: Readonly<Record<string, unknown>> = {},
) {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { name },
    retryAttempts: 0,
  });
  onTestFinished(() => void client.dispose());
  const before = readers() ?? 0;
  const query = `subscription ($id: ID) { news(id: $id) { ${fields} } }`;
  const events = client.iterate({ query, variables });
  // Asked for at once, so that it subscribes.
  let coming = events.next();
  while (readers() === before) await new Promise((resolve) => setTimeout(resolve, 1));
  return {
    async next(): Promise<Told> {
      const { value } = await coming;
      coming = events.next();
      return value as Told;
    },
    /** How its stream ends. */
    async end(): Promise<unknown> {
      try {
        for (;;) {
          const { done, value } = await coming;
          if (done) return 'over';
          if (value.data) return value.data;
          coming = events.next();
        }
      } catch (error) {
        return (error as { code?: number }).code;
      }
    },
    leave: () => events.return?.(),
  };
}

describe('those who subscribed to the same', () => {
  it('get one answer to an event when nothing in it asks who they are', async () => {
    const server = await serve();
    const ann = await subscriber(server, 'ann', 'same');
    const bob = await subscriber(server, 'bob', 'same');
    for (const id of ['1', '2']) await server.publish(id);
    expect((await ann.next()).data).toEqual({ news: { same: '1 1' } });
    expect((await bob.next()).data).toEqual({ news: { same: '1 1' } });
    expect((await ann.next()).data).toEqual({ news: { same: '2 2' } });
    expect((await bob.next()).data).toEqual({ news: { same: '2 2' } });
    expect(server.runs.same).toBe(2);
  });

  it('and with other variables, or other fields, get their own', async () => {
    const server = await serve();
    const all = await subscriber(server, 'ann', 'same');
    const one = await subscriber(server, 'bob', 'same', { id: '1' });
    const other = await subscriber(server, 'bob', 'id same');
    await server.publish('1');
    const told = [await all.next(), await one.next(), await other.next()];
    expect(told.map(({ data }) => data?.news?.['same']).sort()).toEqual(['1 1', '1 2', '1 3']);
  });

  it.each([
    ['the viewer', 'mine', (name: string) => name],
    ['their token', 'token', (name: string) => `token of ${name}`],
  ])('each get their own where a field reads %s', async (_, field, expected) => {
    const server = await serve();
    const names = ['ann', 'bob', 'cid'];
    const subscribers = [];
    for (const name of names) subscribers.push(await subscriber(server, name, `id ${field}`));
    for (const id of ['1', '2']) {
      await server.publish(id);
      for (const [index, name] of names.entries()) {
        const told = await subscribers[index]?.next();
        expect(told?.data).toEqual({ news: { id, [field]: expected(name) } });
      }
    }
  });

  it('each get their own from the first event on that asks, and one again after it', async () => {
    const server = await serve();
    const ann = await subscriber(server, 'ann', 'sometimes');
    const bob = await subscriber(server, 'bob', 'sometimes');
    const told = async (id: string) => {
      await server.publish(id);
      return [await ann.next(), await bob.next()].map(({ data }) => data?.news?.['sometimes']);
    };
    expect(await told('public 1')).toEqual(['all', 'all']);
    expect(server.runs.sometimes).toBe(1);
    expect(await told('private 1')).toEqual(['ann', 'bob']);
    expect(await told('private 2')).toEqual(['ann', 'bob']);
    expect(await told('public 2')).toEqual(['all', 'all']);
    server.runs.sometimes = 0;
    expect(await told('public 3')).toEqual(['all', 'all']);
    expect(server.runs.sometimes).toBe(1);
  });

  it('are each asked for their rights at every event', async () => {
    const server = await serve();
    const reader = await subscriber(server, 'reader', 'id guarded');
    const other = await subscriber(server, 'other', 'id guarded');
    for (const id of ['1', '2']) {
      await server.publish(id);
      expect((await reader.next()).data).toEqual({ news: { id, guarded: 'seen' } });
      expect((await other.next()).data).toEqual({ news: { id, guarded: null } });
    }
  });

  it('are told of a failure each under their own request', async () => {
    const server = await serve();
    const ann = await subscriber(server, 'ann', 'fails');
    const bob = await subscriber(server, 'bob', 'fails');
    await server.publish('1');
    const [hers, his] = [(await ann.next()).errors?.[0], (await bob.next()).errors?.[0]];
    expect(server.runs.fails).toBe(1);
    expect(hers?.extensions.requestId).toEqual(expect.any(String));
    expect(hers?.extensions.requestId).not.toBe(his?.extensions.requestId);
  });
});

it('a text that is long, and not in ASCII, arrives whole', async () => {
  const server = await serve();
  const ann = await subscriber(server, 'ann', 'id');
  for (const length of [30, 100, 70_000]) {
    const id = `äß€😀 ${'é'.repeat(length)}`;
    await server.publish(id);
    expect((await ann.next()).data).toEqual({ news: { id } });
  }
});

describe('an answer that takes a while', () => {
  it('is made once, and its maker’s leaving keeps nobody else waiting', async () => {
    const server = await serve();
    const ann = await subscriber(server, 'ann', 'slow');
    const bob = await subscriber(server, 'bob', 'slow');
    await server.publish('1');
    await until(() => server.runs.slow === 1);
    server.ends.get('ann')?.();
    expect(await ann.end()).toBe(4401);
    await server.publish('2');
    for (const release of server.held.splice(0)) release();
    expect((await bob.next()).data).toEqual({ news: { slow: '1' } });
    await until(() => server.held.length === 1);
    for (const release of server.held.splice(0)) release();
    expect((await bob.next()).data).toEqual({ news: { slow: '2' } });
    expect(server.runs.slow).toBe(2);
  });

  it('is not told to who logs out meanwhile, over Server-Sent Events either', async () => {
    const server = await serve();
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: 'ann',
      },
      body: JSON.stringify({ query: 'subscription ($id: ID) { news(id: $id) { slow } }' }),
    });
    const bob = await subscriber(server, 'bob', 'slow');
    await server.publish('1');
    await until(() => server.held.length === 2); // they differ in language
    server.ends.get('ann')?.();
    for (const release of server.held.splice(0)) release();
    expect((await bob.next()).data).toEqual({ news: { slow: '1' } });
    expect(await response.text()).toBe(':\n\nevent: complete\ndata:\n\n');
  });

  it('is given up once nobody is there for it', async () => {
    const server = await serve();
    const ann = await subscriber(server, 'ann', 'slow');
    const bob = await subscriber(server, 'bob', 'slow');
    await server.publish('1');
    await until(() => server.held.length === 1);
    void ann.leave();
    await until(() => server.readers() === 1);
    expect(server.runs.givenUp).toBe(0);
    void bob.leave();
    await until(() => server.runs.givenUp === 1);
  });
});

it('who logs out is told of no further event, and everybody else is', async () => {
  const server = await serve();
  const ann = await subscriber(server, 'ann', 'id');
  const bob = await subscriber(server, 'bob', 'id');
  await server.publish('1');
  expect((await ann.next()).data).toEqual({ news: { id: '1' } });
  server.ends.get('ann')?.();
  await server.publish('2');
  expect(await ann.end()).toBe(4401);
  expect((await bob.next()).data).toEqual({ news: { id: '1' } });
  expect((await bob.next()).data).toEqual({ news: { id: '2' } });
});

async function until(holds: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    if (performance.now() - startedAt > 5_000)
      throw new Error(`${String(holds)} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
