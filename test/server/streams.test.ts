import { createClient as createSseClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer();
let url = '';
beforeAll(async () => {
  ({ url } = await server.listen());
});
afterAll(() => server.close());

const within100ms = { timeout: 100, interval: 2 };
const send = (query: string, accept: string, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });

describe('server-sent events', () => {
  test('a graphql-sse client gets every event and the end', async () => {
    const client = createSseClient({ url, retryAttempts: 0 });
    const events: unknown[] = [];
    for await (const event of client.iterate({ query: 'subscription { ticks(to: 3) }' })) {
      events.push(event.data);
    }
    expect(events).toEqual([{ ticks: 1 }, { ticks: 2 }, { ticks: 3 }]);
    client.dispose();
  });

  test('carry a query as well', async () => {
    const text = await (await send('{ hello }', 'text/event-stream')).text();
    expect(text).toContain('event: next\ndata: {"data":{"hello":"hello world"}}');
    expect(text).toContain('event: complete');
  });

  test('a source that breaks ends with a masked error', async () => {
    const text = await (await send('subscription { broken }', 'text/event-stream')).text();
    expect(text).toContain('"broken":1');
    expect(text).toContain('The flights service is not available right now.');
    expect(text).not.toContain('10.1.2.3');
    expect(text).toContain('event: complete');
  });

  test('a client that leaves has its source returned within 100 ms', async () => {
    const { started, returned } = server.source;
    const leave = new AbortController();
    const answer = await send('subscription { idle }', 'text/event-stream', leave.signal);
    const reader = answer.body?.getReader();
    await reader?.read();
    expect(server.source.started).toBe(started + 1);
    leave.abort();
    await vi.waitFor(() => expect(server.source.returned).toBe(returned + 1), within100ms);
  });

  test('one line is logged when a subscription ends', async () => {
    server.log.length = 0;
    await (await send('subscription T { ticks(to: 2) }', 'text/event-stream')).text();
    expect(server.log.map(({ fields }) => fields)).toMatchObject([
      { operation: { type: 'subscription', name: 'T' }, parts: 2 },
    ]);
  });
});

describe('@defer', () => {
  const query = '{ hello ... @defer { requestId } }';

  test('arrives in parts over multipart', async () => {
    const answer = await send(query, 'multipart/mixed;deferSpec=20220824, application/json');
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/mixed; ?boundary="-"/);
    const parts = (await answer.text()).split('\r\n---').filter((part) => part.includes('{'));
    expect(parts.map((part) => JSON.parse(part.slice(part.indexOf('{'))) as unknown)).toEqual([
      { data: { hello: 'hello world' }, hasNext: true },
      {
        hasNext: false,
        incremental: [{ data: { requestId: expect.any(String) }, path: [] }],
      },
    ]);
  });

  test('arrives in one piece where the client takes no parts', async () => {
    const answer = await send(query, 'application/json');
    expect(await answer.json()).toEqual({
      data: { hello: 'hello world', requestId: expect.any(String) },
    });
  });

  test('masks the errors of later parts', async () => {
    const text = await (
      await send('{ hello ... @defer { fails(how: DOWN) } }', 'multipart/mixed')
    ).text();
    expect(text).toContain('The flights service is not available right now.');
    expect(text).not.toContain('10.1.2.3');
  });
});

describe('a client that leaves', () => {
  test('aborts its query within 100 ms', async () => {
    const leave = new AbortController();
    const { aborted } = server.seen;
    const waiting = server.waiting();
    const answer = send('{ hang }', 'application/json', leave.signal).catch(() => 'left');
    await waiting;
    leave.abort();
    expect(await answer).toBe('left');
    await vi.waitFor(() => expect(server.seen.aborted).toBe(aborted + 1), within100ms);
  });

  test('is no error in the log', async () => {
    server.log.length = 0;
    const leave = new AbortController();
    const waiting = server.waiting();
    const answer = send('{ hang }', 'application/json', leave.signal).catch(() => 'left');
    await waiting;
    leave.abort();
    await answer;
    await vi.waitFor(() => expect(server.log).toHaveLength(1), within100ms);
    expect(server.log).toMatchObject([{ level: 'info', fields: { left: true } }]);
    expect(server.log[0]?.fields).not.toHaveProperty('errors');
  });

  test('is told of no part that missed the deadline', async () => {
    const own = stubServer({ limits: { queryDeadlineMs: 60_000 } });
    const { url: ownUrl } = await own.listen();
    const leave = new AbortController();
    const waiting = own.waiting();
    const answer = await fetch(ownUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'multipart/mixed' },
      body: '{"query":"{ hello ... @defer { hang } }"}',
      signal: leave.signal,
    });
    await waiting;
    leave.abort();
    await expect(answer.text()).rejects.toThrow();
    await vi.waitFor(() => expect(own.log).toHaveLength(1));
    expect(own.log[0]?.fields).not.toHaveProperty('errors');
    await own.close();
  });

  test('does not stop a mutation that was sent', async () => {
    const leave = new AbortController();
    const { written } = server.seen;
    const waiting = server.waiting();
    const answer = send('mutation { write(text: "x") }', 'application/json', leave.signal).catch(
      () => 'left',
    );
    await waiting;
    leave.abort();
    await answer;
    server.release();
    await vi.waitFor(() => expect(server.seen.written).toBe(written + 1), within100ms);
  });
});

describe('a deadline', () => {
  test('ends the query with what there is', async () => {
    const own = stubServer({ limits: { queryDeadlineMs: 30 } });
    const answer = await own.post({ query: '{ hang }' });
    expect(own.seen.aborted).toBe(1);
    expect(await answer.json()).toEqual({ data: { hang: 'done' } });
  });

  /** The parts of an answer that was asked for in parts. */
  const partsOf = async (own: ReturnType<typeof stubServer>, query: string) => {
    const answer = await own.post({ query }, { accept: 'multipart/mixed' });
    const parts = (await answer.text()).split('\r\n---').filter((part) => part.includes('{'));
    return parts.map((part) => JSON.parse(part.slice(part.indexOf('{'))) as unknown);
  };

  test('ends deferred parts with what there is', async () => {
    const own = stubServer({ limits: { queryDeadlineMs: 30 } });
    expect(await partsOf(own, '{ hello ... @defer { hang } }')).toEqual([
      { data: { hello: 'hello world' }, hasNext: true },
      { incremental: [{ data: { hang: 'done' }, path: [] }], hasNext: false },
    ]);
    expect(own.log.map(({ fields }) => fields)).toMatchObject([{ parts: 2 }]);
    expect(own.log[0]?.fields).not.toHaveProperty('errors');
  });

  test('says in a last part that the others are not coming', async () => {
    const own = stubServer({ limits: { mutationDeadlineMs: 20 } });
    const query = 'mutation { __typename ... @defer { write(text: "x") } }';
    expect(await partsOf(own, query)).toEqual([
      { data: { __typename: 'Mutation' }, hasNext: true },
      {
        errors: [
          {
            message: 'The operation was not answered in time.',
            extensions: {
              code: 'UPSTREAM_TIMEOUT',
              requestId: expect.any(String),
              retryable: true,
            },
          },
        ],
        hasNext: false,
      },
    ]);
    expect(own.log.map(({ fields }) => fields)).toMatchObject([{ errors: ['UPSTREAM_TIMEOUT'] }]);
    own.release();
  });

  test('answers even where nothing listens to it', async () => {
    const own = stubServer({ limits: { mutationDeadlineMs: 20 } });
    const answer = await own.post({ query: 'mutation { write(text: "x") }' });
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({
      errors: [{ extensions: { code: 'UPSTREAM_TIMEOUT', retryable: true } }],
    });
    own.release();
  });
});
