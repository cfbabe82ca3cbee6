import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Fault, Tally } from './fault.ts';

/** How long a healthy answer takes, in milliseconds. */
export const healthyMs = 60;

/** A REST and GraphQL backend that answers `{ "value": "ok" }`, or does what it is told. */
export class HttpFake {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #carried = new WeakMap<Socket, number>();
  readonly #kept = new Set<string>();
  #fault: Fault = { kind: 'none' };
  #port = 0;
  #calls = 0;
  #seen = 0;
  #effects: Record<string, number> = {};

  constructor() {
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
      this.#take(request, response),
    );
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this.#port;
  }

  async turn(fault: Fault): Promise<void> {
    const before = this.#fault;
    this.#fault = fault;
    if (fault.kind === 'killed') {
      this.#server.close();
      for (const socket of this.#sockets) socket.resetAndDestroy();
    } else if (before.kind === 'killed') await this.listen();
  }

  tally(): Tally {
    const tally = { calls: this.#calls, effects: this.#effects };
    this.#calls = 0;
    this.#effects = {};
    return tally;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#calls += 1;
    this.#seen += 1;
    const { socket } = request;
    const carried = (this.#carried.get(socket) ?? 0) + 1;
    this.#carried.set(socket, carried);
    request.resume();
    this.#effect(request);
    const fault = this.#fault;
    switch (fault.kind) {
      case 'hang':
      case 'killed':
        return;
      case 'stall':
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        return;
      case 'trickle': {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
        return;
      }
      case 'unavailable':
        if (this.#seen % fault.every === 0) {
          setTimeout(() => response.writeHead(503).end(), 2);
          return;
        }
        break;
      case 'reset-reused':
        if (carried > 1 && this.#seen % fault.every === 0) {
          socket.resetAndDestroy();
          return;
        }
        break;
    }
    setTimeout(answer, fault.kind === 'slow' ? 10 * healthyMs : healthyMs, request, response);
  }

  /** A booking is made once for its key, as a real service would. */
  #effect({ method, url = '', headers }: IncomingMessage): void {
    if (method !== 'POST' || !url.startsWith('/bookings')) return;
    const key = headers['idempotency-key'];
    if (typeof key === 'string') {
      if (this.#kept.has(key)) return;
      this.#kept.add(key);
    }
    this.#effects[url] = (this.#effects[url] ?? 0) + 1;
  }
}

function answer({ url }: IncomingMessage, response: ServerResponse): void {
  const body = url === '/graphql' ? '{"data":{"value":"ok"}}' : '{"value":"ok"}';
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}
