import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { contextOver } from './request-context.ts';
import { deadPort, httpServer } from './servers.ts';

/** A service that resets each kept connection under its second request, after its effect. */
async function resettingService() {
  const carried = new WeakMap<Socket, number>();
  const bookings: string[] = [];
  const url = await httpServer((request, response) => {
    const { socket, method, headers } = request;
    const key = headers['idempotency-key'];
    if (method === 'POST' && !(typeof key === 'string' && bookings.includes(key))) {
      bookings.push(typeof key === 'string' ? key : 'no key');
    }
    const count = (carried.get(socket) ?? 0) + 1;
    carried.set(socket, count);
    if (count > 1) socket.resetAndDestroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('"ok"');
  });
  return { url, bookings };
}

function apiOver(url: URL) {
  const definition = defineRestBackend({
    name: 'airports',
    endpoints: 'http://unused',
    policy: { retries: 0, maxConnections: 1 },
  });
  const live = createLiveBackend(definition, { endpoints: [url] });
  onTestFinished(() => live.transport.close());
  const context = contextOver([live]);
  return { api: definition.api(context), context, live };
}

describe('a reset on a reused connection', () => {
  it('fails no read: it is sent again on a connection of its own', async () => {
    const { url } = await resettingService();
    const { api, context, live } = apiOver(url);
    for (let read = 0; read < 20; read++) expect(await api.get('/x')).toBe('ok');
    expect(context.calls.map(({ attempts }) => attempts).slice(0, 4)).toEqual([1, 2, 1, 2]);
    expect(context.calls[0]!.endpoint).toBe(url.host);
    expect(live.transport.state?.()).toMatchObject({ staleConnections: 10, retries: 0 });
  });

  it('doubles no write: it fails, or is sent again with its key', async () => {
    const { url, bookings } = await resettingService();
    const { api } = apiOver(url);
    await api.get('/x');
    await expect(api.post('/bookings')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(bookings).toEqual(['no key']);
    await api.get('/x');
    expect(await api.post('/bookings', { idempotencyKey: 'k1' })).toBe('ok');
    expect(bookings).toEqual(['no key', 'k1']);
  });
});

describe('a write', () => {
  it('that found no connection is sent again', async () => {
    const definition = defineRestBackend({
      name: 'airports',
      endpoints: 'http://unused',
      policy: { retryMaxDelayMs: 25 },
    });
    const live = createLiveBackend(definition, { endpoints: [await deadPort()] });
    onTestFinished(() => live.transport.close());
    const failed = definition.api(contextOver([live])).post('/bookings');
    await expect(failed).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(live.transport.state?.()).toMatchObject({ calls: 1, retries: 1 });
  });
});
