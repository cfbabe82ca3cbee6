import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { LoadOrder } from '../../bench/load/order.ts';
import { takeSlice } from '../../bench/load/slice.ts';

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a slice of load', () => {
  it('counts the answers, all of them right', async () => {
    let asked = 0;
    const order = await orderFor((_, response) => {
      asked++;
      response.end('right');
    });
    const { requests, allRequests, wrong } = await takeSlice({ ...order, mostRequests: 50 });
    expect({ requests, wrong }).toEqual({ requests: 50, wrong: 0 });
    expect(allRequests).toBe(asked);
  });

  it.each<[string, RequestListener]>([
    ['has another length', (_, response) => response.end('wrong!')],
    ['has another status', (_, response) => response.writeHead(500).end('right')],
    ['is a closed connection', (_, response) => response.destroy()],
  ])('counts as wrong what %s', async (_, listener) => {
    const order = await orderFor(listener);
    const { allRequests, wrong } = await takeSlice({ ...order, measureMs: 50 });
    expect(wrong).toBeGreaterThanOrEqual(Math.max(1, allRequests));
  });

  it('takes chunked answers to their end', async () => {
    const order = await orderFor((_, response) => {
      response.write('ri');
      response.end('ght');
    });
    const { requests, wrong } = await takeSlice({ ...order, mostRequests: 20 });
    expect({ requests, wrong }).toEqual({ requests: 20, wrong: 0 });
  });
});

async function orderFor(listener: RequestListener): Promise<LoadOrder> {
  server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port, not on a pipe
    path: '/graphql',
    body: '{"query":"{ greet }"}',
    answerBytes: 'right'.length,
    connections: 2,
    warmUpMs: 0,
    measureMs: 10_000,
    leastRequests: 1,
    serverPid: process.pid,
    serverCore: 0,
    upstreamPid: process.pid,
  };
}
