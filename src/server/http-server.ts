import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endpoint } from './endpoint.ts';
import type { Limits } from '../limits.ts';
import type { Origins } from './admission/origins.ts';
import type { FailedRequests } from './failed-requests.ts';
import type { RefusalLog } from './refusal-log.ts';
import { newRequestId } from './request-identity.ts';
import { hasUrl } from './request-target.ts';

export interface HttpServerOptions {
  readonly limits: Limits;
  /** Whose pages may open a WebSocket. */
  readonly origins: Pick<Origins, 'mayConnect'>;
  /** Told of requests that are refused here. */
  readonly refused: RefusalLog;
  /** What becomes of requests in which something is thrown. */
  readonly failed: FailedRequests;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
  /** Told of the status of each response once it is over; 499 when the client left before it. */
  readonly answered: (status: number) => void;
}

/** node:http with its caps, and an end that loses no request. */
export interface HttpServer {
  readonly server: Server;
  /** Open connections now, upgraded ones included. */
  readonly connections: number;
  /** From now on each answer closes its connection, so that clients go elsewhere. */
  startDraining(): void;
  /** Takes no new connection; resolves when the last request is answered, or after `finishMs`. */
  close(finishMs: number): Promise<void>;
}

export function createHttpServer({
  limits,
  origins,
  refused,
  failed,
  handle,
  upgrade,
  answered,
}: HttpServerOptions): HttpServer {
  let draining = false;
  let closing = false;
  /**
   * Open connections, with the last response of each until it is over. Entries stay as long as their
   * connection: a set of responses would be rebuilt every few requests, and the collector keeps what
   * the tables before it had in them: 19% of all that requests allotted, in pauses of 13 ms.
   */
  const sockets = new Map<Socket, ServerResponse | null>();
  function closed(this: ServerResponse): void {
    const { socket } = this.req;
    if (sockets.get(socket) === this) sockets.set(socket, null);
    answered(this.headersSent ? this.statusCode : 499);
    if (closing) server.closeIdleConnections();
  }

  const server = createServer(
    {
      // The request line counts too; each has its own limit below.
      maxHeaderSize: limits.headersLimitBytes + limits.urlLimitBytes,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // Longer than the 60 s after which common load balancers drop an idle connection.
      keepAliveTimeout: 65_000,
      // Any other protocol is an offer, such as h2c of Java's client: its request is answered here.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (request, response) => {
      if (sockets.has(request.socket)) sockets.set(request.socket, response);
      response.on('close', closed);
      if (draining) response.shouldKeepAlive = false;
      const status = refusedStatus(request, limits);
      if (status === undefined) return failed.guard(response, () => handle(request, response));
      refused({ requestId: newRequestId(), status, reason: reasons[status] ?? '' });
      response.writeHead(status, { connection: 'close' });
      response.end();
    },
  );

  server.on('connection', (socket) => {
    sockets.set(socket, null);
    socket.once('close', () => sockets.delete(socket));
  });

  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const status = draining ? 503 : refusedUpgrade(request, limits, origins);
    if (status === undefined) {
      try {
        await upgrade(request, socket, head);
      } catch (error) {
        failed.cut(request, socket, error);
      }
      return;
    }
    refused({ requestId: newRequestId(), status, reason: reasons[status] ?? '' });
    socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });

  return {
    server,
    get connections() {
      return sockets.size;
    },
    startDraining() {
      draining = true;
      for (const response of sockets.values()) if (response) response.shouldKeepAlive = false;
    },
    async close(finishMs) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // node:http takes a connection that has said nothing yet for a busy one.
      for (const socket of sockets.keys()) if (socket.bytesRead === 0) socket.destroy();
      const force = setTimeout(() => server.closeAllConnections(), finishMs);
      await closed;
      clearTimeout(force);
    },
  };
}

/** What is logged of requests that get a status and no words. */
const reasons: Readonly<Record<number, string>> = {
  400: 'The target or the host makes no URL.',
  403: 'Pages of another origin can’t open a WebSocket here.',
  404: `WebSockets are opened at ${endpoint}.`,
  431: 'The headers are too long.',
  503: 'This process is about to end.',
};

/** 431 for headers over their limit; 400 for a target or a host that makes no URL. */
function refusedStatus(request: IncomingMessage, limits: Limits): number | undefined {
  let size = 0;
  for (const text of request.rawHeaders) size += text.length;
  if (size > limits.headersLimitBytes) return 431;
  return hasUrl(request) ? undefined : 400;
}

/** Pages of other origins can't read answers over HTTP, and get no WebSocket either. */
function refusedUpgrade(
  request: IncomingMessage,
  limits: Limits,
  origins: Pick<Origins, 'mayConnect'>,
): number | undefined {
  const status = refusedStatus(request, limits);
  if (status !== undefined) return status;
  if (request.url?.split('?')[0] !== endpoint) return 404;
  const { origin, host } = request.headers;
  if (origin === undefined) return undefined;
  return origins.mayConnect(origin, host) ? undefined : 403;
}
