import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Viewer } from '../request.ts';
import type { Logger } from './log.ts';
import { createOutboxes } from './outbox.ts';
import {
  createSocketProtocol,
  restartCloseCode,
  type SocketProtocolOptions,
  type SocketState,
} from './websocket-protocol.ts';

export interface SocketHandlerOptions<Plan> extends SocketProtocolOptions<Plan> {
  readonly viewer: (request: Request) => Viewer | null | Promise<Viewer | null>;
  readonly logger: Logger;
}

export interface SocketHandler {
  /** Open sockets now. */
  readonly size: number;
  /** Takes over an HTTP request that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells every client to reconnect elsewhere, spread over `spreadMs`. */
  close(spreadMs: number): Promise<void>;
}

/** GraphQL over WebSocket, protocol `graphql-transport-ws`; operations run as on every transport. */
export function createSocketHandler<Plan>(options: SocketHandlerOptions<Plan>): SocketHandler {
  const { composed, gate, viewer, logger } = options;
  const { limits } = composed;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameLimitBytes,
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });

  const protocol = createSocketProtocol(options);
  const openOutbox = createOutboxes();

  sockets.on('connection', (socket: WebSocket, upgrade: IncomingMessage, stream: Duplex) => {
    const outbox = openOutbox((frames) => {
      // Nothing may follow the frame that closes a socket.
      if (socket.readyState !== socket.OPEN) return true;
      stream.write(frames, 'latin1');
      return !stream.writableNeedDrain;
    });
    stream.on('drain', () => outbox.drained());
    const running = new Map<string, AbortController>();
    const request = requestOf(upgrade);
    const state: SocketState = {
      request,
      address: gate.address(upgrade),
      running,
      viewer: () => viewer(request),
      outbox,
      unwatch: () => {},
      close: (code, reason) => socket.close(code, reason),
      hangUp: () => {
        if (socket.bufferedAmount > 0) socket.terminate();
      },
    };
    const stopPinging = pingRegularly(socket);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => {
          outbox.flush();
          return sendText(socket, data);
        },
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => {
          socket.on('message', (data) => {
            const text = String(data);
            abortCompleted(text, running);
            receive(withQuery(text)).catch((error: unknown) => {
              logger.error({ bff: composed.name, cause: String(error) }, 'websocket failed');
              socket.close(CloseCode.InternalServerError, 'Internal server error');
            });
          });
        },
      },
      state,
    );
    // A frame over its limit, or no WebSocket frame at all: ws closes the socket itself.
    socket.on('error', () => {});
    socket.once('close', (code, reason) => {
      stopPinging();
      state.unwatch();
      for (const controller of running.values()) controller.abort();
      running.clear();
      Promise.resolve(closed(code, String(reason))).catch((error: unknown) => {
        logger.error({ bff: composed.name, cause: String(error) }, 'websocket failed');
      });
    });
  });

  return {
    get size() {
      return sockets.clients.size;
    },
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (client) => {
        sockets.emit('connection', client, request, socket);
      });
    },
    async close(spreadMs) {
      const clients = [...sockets.clients];
      await Promise.all(
        clients.map(async (client) => {
          await delay(Math.random() * spreadMs);
          client.close(restartCloseCode, 'Service restart');
        }),
      );
      sockets.close();
      setTimeout(() => {
        for (const client of clients) client.terminate();
      }, terminateAfterMs).unref();
    },
  };
}

/** How long a client may take to answer a close before its socket is cut. */
const terminateAfterMs = 1_000;
const pingIntervalMs = 12_000;

/** The library takes no operation without a text, which one that is named by its id has not. */
function withQuery(text: string): string {
  if (text.includes('"query"') || !text.includes('"subscribe"')) return text;
  try {
    const message = JSON.parse(text) as { type?: unknown; payload?: unknown } | null;
    const { type, payload } = message ?? {};
    if (type !== 'subscribe' || typeof payload !== 'object' || payload === null) return text;
    return JSON.stringify({ ...message, payload: { query: '', ...payload } }, asItCame);
  } catch {
    return text; // Not JSON: the library closes the socket with its own reason.
  }
}

/** A number too large for ours was read as an infinite one, which would be written as null. */
function asItCame(_: string, value: unknown): unknown {
  if (value !== Number.POSITIVE_INFINITY && value !== Number.NEGATIVE_INFINITY) return value;
  return rawJSON(value > 0 ? '1e999' : '-1e999');
}

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }; // not yet in TypeScript

/** The library tells a stream that its client is done with it, but not a query that still runs. */
function abortCompleted(text: string, running: Map<string, AbortController>): void {
  if (running.size === 0 || !text.includes('"complete"')) return;
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null) return;
    const { type, id } = message as { type?: unknown; id?: unknown };
    if (type === 'complete' && typeof id === 'string') running.get(id)?.abort();
  } catch {
    // Not JSON: the library closes the socket with its own reason.
  }
}

function requestOf(upgrade: IncomingMessage): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(upgrade.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const origin = `http://${upgrade.headers.host ?? 'socket.invalid'}`;
  return new Request(new URL(upgrade.url ?? '/', origin), { headers });
}

function sendText(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Ends a socket whose other side is silently gone. */
function pingRegularly(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingIntervalMs);
  return () => clearInterval(timer);
}

function delay(ms: number): Promise<void> {
  return ms < 1 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
