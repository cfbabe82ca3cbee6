import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { createClient as createSseClient } from 'graphql-sse';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { probedBackend, stubServer } from '../support/stub-server.ts';

const json = { 'content-type': 'application/json' };

function post(url: string, query: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: json, agent }, resolve);
    sent.on('error', reject);
    sent.end(JSON.stringify({ query }));
  });
}

async function bodyOf(message: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of message) text += chunk;
  return JSON.parse(text);
}

const health = async (adminUrl: string, path: string) => {
  const answer = await fetch(adminUrl + path);
  return { status: answer.status, body: (await answer.json()) as unknown };
};

describe('health', () => {
  test('live and ready, and which backends answer', async () => {
    const backends = new Map(
      [
        probedBackend('airports', async () => true),
        probedBackend('flights', async () => false),
        probedBackend('bookings', () => Promise.reject(new Error('no'))),
        probedBackend('travellers'),
      ].map((backend) => [backend.name, backend]),
    );
    const server = stubServer({ backends });
    const { adminUrl } = await server.listen();
    expect(await health(adminUrl, '/livez')).toEqual({
      status: 200,
      body: { status: 'live', bff: 'stub' },
    });
    expect(await health(adminUrl, '/readyz')).toEqual({
      status: 200,
      body: {
        status: 'ready',
        bff: 'stub',
        backends: { airports: true, flights: false, bookings: false, travellers: null },
      },
    });
    expect((await health(adminUrl, '/other')).status).toBe(404);
    expect((await fetch(`${adminUrl}/livez`, { method: 'POST' })).status).toBe(405);
    await server.close();
  });

  test('a backend that never answers its probe does not hold readiness up', async () => {
    const silent = probedBackend('flights', () => new Promise(() => {}));
    const server = stubServer({ backends: new Map([['flights', silent]]) });
    const { adminUrl } = await server.listen();
    expect(await health(adminUrl, '/readyz')).toMatchObject({
      status: 200,
      body: { backends: { flights: false } },
    });
    await server.close();
  });
});

describe('a drain', () => {
  test('fails readiness and still takes requests, closing their connections', async () => {
    const server = stubServer({ drain: { acceptMs: 300 } });
    const { url, adminUrl } = await server.listen();
    const agent = new Agent({ keepAlive: true });
    const before = await post(url, '{ hello }', agent);
    expect(before.headers.connection).toBe('keep-alive');
    await bodyOf(before);

    const closed = server.close();
    expect(await health(adminUrl, '/readyz')).toMatchObject({
      status: 503,
      body: { status: 'draining' },
    });
    expect((await health(adminUrl, '/livez')).status).toBe(200);
    const during = await post(url, '{ hello }', agent);
    expect(during.headers.connection).toBe('close');
    expect(await bodyOf(during)).toEqual({ data: { hello: 'hello world' } });
    await closed;
    await expect(post(url, '{ hello }', agent)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('answers what is in flight, then ends at once', async () => {
    const server = stubServer();
    const { url } = await server.listen();
    const agent = new Agent({ keepAlive: true });
    const waiting = server.waiting();
    const answer = post(url, '{ hang }', agent);
    await waiting;
    const closed = server.close();
    server.release();
    expect(await bodyOf(await answer)).toEqual({ data: { hang: 'done' } });
    const startedAt = performance.now();
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('cuts what takes longer than it may', async () => {
    const server = stubServer({ drain: { finishMs: 50 } });
    const { url } = await server.listen();
    const waiting = server.waiting();
    const answer = post(url, '{ hang }', new Agent());
    const cut = expect(answer).rejects.toThrow('socket hang up');
    await waiting;
    await server.close();
    await cut;
  });

  test('loses none of twenty busy clients', async () => {
    const server = stubServer({ drain: { acceptMs: 2_000 } });
    const { url } = await server.listen();
    const stop = new AbortController();
    let answered = 0;
    const clients = Array.from({ length: 20 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!stop.signal.aborted) {
        await bodyOf(await post(url, '{ hello }', agent));
        answered += 1;
      }
    });
    await vi.waitFor(() => expect(answered).toBeGreaterThan(40), 10_000);
    const closed = server.close();
    const before = answered;
    // Every client is answered on a connection that ends with the answer, and on the next one.
    await vi.waitFor(() => expect(answered).toBeGreaterThan(before + 60), 2_000);
    stop.abort();
    await Promise.all(clients);
    await closed;
    expect(answered).toBeGreaterThan(before + 60);
  });

  test('tells sockets to connect again, and cuts event streams without their end', async () => {
    const server = stubServer();
    const { url } = await server.listen();
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    const sse = createSseClient({ url, retryAttempts: 0 });
    const waiting = server.waiting();
    const ended = new Promise((resolve) => {
      sse.subscribe(
        { query: 'subscription { idle }' },
        { next: () => {}, error: () => resolve('cut'), complete: () => resolve('complete') },
      );
    });
    await waiting;
    const code = once(socket, 'close').then(([code]) => Number(code));
    await server.close();
    expect(await code).toBe(1012);
    expect(await ended).toBe('cut');
    expect(server.source).toEqual({ started: 1, returned: 1 });
  });

  test('closes the backends, once', async () => {
    const backend = probedBackend('flights');
    const close = vi.spyOn(backend.transport, 'close');
    const server = stubServer({ backends: new Map([['flights', backend]]) });
    await server.listen();
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

test('a port in use is one sentence with the remedy', async () => {
  const first = stubServer();
  const { url, adminUrl } = await first.listen();
  const port = Number(new URL(url).port);
  const adminPort = Number(new URL(adminUrl).port);
  await expect(stubServer({ port }).listen()).rejects.toThrow(
    `port ${port} is in use; set PORT to another, or stop what listens there`,
  );
  await expect(stubServer({ adminPort }).listen()).rejects.toThrow(
    `port ${adminPort} is in use; set ADMIN_PORT to another, or stop what listens there`,
  );
  await first.close();
});

test('by default only this machine reaches either port', async () => {
  const server = stubServer();
  const { url, adminUrl } = await server.listen();
  expect(new URL(url).hostname).toBe('127.0.0.1');
  expect(new URL(adminUrl).hostname).toBe('127.0.0.1');
  await new Promise((resolve) => get(url, resolve));
  await server.close();
});
