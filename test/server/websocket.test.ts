import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer({ limits: { socketInitMs: 50, socketOperations: 3 } });
let url = '';
beforeAll(async () => {
  url = (await server.listen()).url.replace('http', 'ws');
});
afterAll(() => server.close());

const open = (options?: { origin?: string; path?: string; protocol?: string }) =>
  new WebSocket(
    options?.path ? new URL(options.path, url) : url,
    options?.protocol ?? 'graphql-transport-ws',
    {
      ...(options?.origin && { origin: options.origin }),
    },
  );
const connect = (connectionParams?: Record<string, unknown>) =>
  createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(connectionParams && { connectionParams }),
  });
const closeCode = async (socket: WebSocket) => Number((await once(socket, 'close'))[0]);
const within100ms = { timeout: 100, interval: 2 };

const coded = (code: string) => [{ extensions: { code, requestId: expect.any(String) } }];

/** The status of an upgrade that was refused. */
const refusal = (socket: WebSocket) =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
  });

/** A socket that has introduced itself. */
async function ready() {
  const socket = open();
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

describe('graphql-transport-ws', () => {
  test('carries queries, mutations and subscriptions', async () => {
    const client = connect();
    const results: unknown[] = [];
    for await (const { data } of client.iterate({ query: '{ hello }' })) results.push(data);
    for await (const { data } of client.iterate({ query: 'subscription { ticks(to: 2) }' })) {
      results.push(data);
    }
    expect(results).toEqual([{ hello: 'hello world' }, { ticks: 1 }, { ticks: 2 }]);
    await client.dispose();
  });

  test('sends deferred parts', async () => {
    const client = connect();
    const parts: unknown[] = [];
    const query = '{ hello ... @defer { count(from: 7) } }';
    for await (const part of client.iterate({ query })) parts.push(part);
    expect(parts).toEqual([
      { data: { hello: 'hello world' }, hasNext: true },
      { hasNext: false, incremental: [{ data: { count: 7 }, path: [] }] },
    ]);
    await client.dispose();
  });

  test('masks errors as HTTP does', async () => {
    const client = connect();
    for await (const { errors } of client.iterate({ query: '{ fails(how: DOWN) }' })) {
      expect(errors).toMatchObject([
        {
          message: 'The flights service is not available right now.',
          extensions: { backend: 'flights' },
        },
      ]);
    }
    await client.dispose();
  });

  test('refuses documents and variables with the codes of HTTP', async () => {
    const client = connect();
    const refused = (query: string, variables?: Record<string, unknown>) =>
      new Promise((resolve) => {
        client.subscribe({ query, variables }, { next: resolve, error: resolve, complete() {} });
      });
    expect(await refused('{')).toMatchObject(coded('GRAPHQL_PARSE_FAILED'));
    expect(await refused('{ nothing }')).toMatchObject(coded('GRAPHQL_VALIDATION_FAILED'));
    const counting = 'query ($n: Int!) { count(from: $n) }';
    expect(await refused(counting, { n: 'x' })).toMatchObject(coded('BAD_USER_INPUT'));
    await client.dispose();
  });

  test('logs who asks, from what the socket introduced itself with', async () => {
    server.log.length = 0;
    const client = connect({ 'graphql-client-name': 'ios', 'graphql-client-version': '7' });
    for await (const _ of client.iterate({ query: '{ hello }' })) continue;
    expect(server.log.map(({ fields }) => fields)).toMatchObject([
      { transport: 'websocket', client: { name: 'ios', version: '7' } },
    ]);
    await client.dispose();
  });

  test('returns the source within 100 ms when a client is done, and when it is gone', async () => {
    for (const leave of ['complete', 'terminate'] as const) {
      const socket = await ready();
      const { returned } = server.source;
      const waiting = server.waiting();
      socket.send(
        JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { idle }' } }),
      );
      await waiting;
      if (leave === 'complete') socket.send('{"id":"1","type":"complete"}');
      else socket.terminate();
      await vi.waitFor(() => expect(server.source.returned).toBe(returned + 1), within100ms);
      socket.terminate();
    }
  });

  test('aborts a query when a client is done with it, and when it is gone', async () => {
    for (const leave of ['complete', 'terminate'] as const) {
      const socket = await ready();
      const { aborted } = server.seen;
      const waiting = server.waiting();
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ hang }' } }));
      await waiting;
      if (leave === 'complete') socket.send('{"id":"1","type":"complete"}');
      else socket.terminate();
      await vi.waitFor(() => expect(server.seen.aborted).toBe(aborted + 1), within100ms);
      server.release();
      socket.terminate();
    }
  });
});

describe('the id of an operation', () => {
  const subscribe = (query: string) =>
    JSON.stringify({ id: '1', type: 'subscribe', payload: { query } });

  test.each(['subscription { idle }', '{ hang }'])(
    'closes the socket when it is used again while %s runs under it',
    async (query) => {
      const socket = await ready();
      const waiting = server.waiting();
      socket.send(subscribe(query));
      await waiting;
      socket.send(subscribe('{ hello }'));
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([code, String(reason)]).toEqual([4409, 'Subscriber for 1 already exists']);
      server.release();
    },
  );

  test('closes the socket when it is used twice at once', async () => {
    const socket = await ready();
    socket.send(subscribe('{ hello }'));
    socket.send(subscribe('{ hello }'));
    expect(await closeCode(socket)).toBe(4409);
  });

  test.each(['{ hello }', 'subscription { ticks(to: 1) }', '{ nothing }', '{ must(how: BUG) }'])(
    'is free again once %s has ended',
    async (query) => {
      const socket = await ready();
      const ends = { complete: 0, error: 0, next: 0 };
      const done = new Promise((resolve) => {
        socket.on('message', (data) => {
          const { type } = JSON.parse(String(data)) as { type: keyof typeof ends };
          ends[type] += 1;
          if (type === 'next') return;
          // In the turn in which it hears of the end.
          if (ends.complete + ends.error < 20) socket.send(subscribe(query));
          else resolve(undefined);
        });
        socket.once('close', resolve);
      });
      socket.send(subscribe(query));
      await done;
      expect(ends.complete + ends.error).toBe(20);
      socket.terminate();
    },
  );
});

describe('a socket over a limit', () => {
  test('that does not introduce itself is closed', async () => {
    expect(await closeCode(open())).toBe(4408);
  });

  test('that asks before it introduces itself is closed', async () => {
    const socket = open();
    await once(socket, 'open');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ hello }' } }));
    expect(await closeCode(socket)).toBe(4401);
  });

  test('that sends a frame over 128 KiB is closed', async () => {
    const socket = await ready();
    socket.send('x'.repeat(128 * 1024 + 1));
    expect(await closeCode(socket)).toBe(1009);
  });

  test('that sends no message of the protocol is closed', async () => {
    const socket = await ready();
    socket.send('nonsense "complete"');
    expect(await closeCode(socket)).toBe(4400);
  });

  test('is refused one operation too many, and keeps the others', async () => {
    const socket = await ready();
    const answers: { id?: string; type?: string }[] = [];
    socket.on('message', (data) => answers.push(JSON.parse(String(data)) as { id: string }));
    for (const id of ['1', '2', '3', '4']) {
      socket.send(
        JSON.stringify({ id, type: 'subscribe', payload: { query: 'subscription { idle }' } }),
      );
    }
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers).toMatchObject([
      {
        id: '4',
        type: 'error',
        payload: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }],
      },
    ]);
    socket.terminate();
  });
});

describe('an upgrade', () => {
  test('from a page of another origin is refused', async () => {
    expect(await refusal(open({ origin: 'https://evil.example' }))).toBe(403);
    const socket = open({ origin: new URL(url.replace('ws', 'http')).origin });
    await once(socket, 'open');
    socket.terminate();
  });

  test('at another path is refused', async () => {
    expect(await refusal(open({ path: '/other' }))).toBe(404);
  });

  test('to another protocol gets no service', async () => {
    const socket = open({ protocol: 'graphql-ws' });
    const problem = await new Promise((resolve) => socket.on('error', resolve));
    expect(String(problem)).toContain('no subprotocol');
  });
});
