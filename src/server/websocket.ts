import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
} from 'graphql';
import { CloseCode, handleProtocols, makeServer, type OperationResult } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Viewer } from '../request.ts';
import type { Gate } from './admission/gate.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed } from './composed.ts';
import type { HttpRefusal } from './http-refusal.ts';
import type { Logger } from './log.ts';
import type { Outcome, RunOperation } from './operations.ts';
import { documentIdIn, nestingProblem } from './request-body.ts';
import { clientIdentityOf, label, newRequestId } from './request-identity.ts';

export interface SocketHandlerOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly run: RunOperation;
  readonly gate: Gate;
  readonly viewer: (request: Request) => Viewer | null | Promise<Viewer | null>;
  /** Takes the place of `viewer`, once for the socket. @default none */
  readonly auth?: Auth | undefined;
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
  const { composed, run, gate, viewer, auth, logger } = options;
  const { limits, clientSchema } = composed;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameLimitBytes,
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });

  const protocol = makeServer<Record<string, unknown>, SocketState>({
    connectionInitWaitTimeout: limits.socketInitMs,
    onConnect: async ({ extra, connectionParams }) => {
      if (!auth) return true;
      try {
        const who = await auth.socketViewer(extra.request, connectionParams);
        extra.viewer = () => who;
        if (who) extra.unwatch = auth.watch(who, () => extra.close(...credentialEnded));
        return true;
      } catch (error) {
        extra.close(...refusalOf(error));
        return true;
      }
    },
    onSubscribe: async (context, id, payload) => {
      const { request, running, address } = context.extra;
      const requestId = newRequestId();
      if (Object.keys(context.subscriptions).length > limits.socketOperations) {
        return [tooManyOperations(requestId)];
      }
      if (running.has(id)) {
        // Its first operation has not ended, even where the client has completed it already.
        context.extra.close(
          CloseCode.SubscriberAlreadyExists,
          `Subscriber for ${id} already exists`,
        );
        return [tooManyOperations(requestId)];
      }
      // Before anything is waited for, so that a `complete` that follows at once finds it.
      const controller = new AbortController();
      running.set(id, controller);
      const refusal = nestingProblem(payload) ?? (await gate.arrival(address, 'mutation'));
      if (refusal) {
        running.delete(id);
        return [refusedArrival(refusal, requestId)];
      }
      const named = clientIdentityOf(request.headers);
      const parameters = context.connectionParams;
      const operation = { ...payload, documentId: documentIdIn({ ...payload }) };
      const outcome = await run(operation, {
        requestId,
        client: {
          name: label(parameters?.['graphql-client-name']) ?? named.name,
          version: label(parameters?.['graphql-client-version']) ?? named.version,
        },
        locale: null,
        transport: 'websocket',
        headers: headersOf(payload, request),
        signal: controller.signal,
        viewer: context.extra.viewer,
        address,
        isPrefetch: false,
        tell: () => {},
        hangUp: () => context.extra.hangUp(),
        carries: () => ({ incremental: true }),
      });
      if (outcome.kind === 'refused' || isRequestError(outcome)) {
        running.delete(id);
        return outcome.kind === 'refused' ? outcome.refused.errors : outcome.answer.errors;
      }
      if (controller.signal.aborted) running.delete(id);
      return ranAlready(outcome, clientSchema);
    },
    execute: outcomeOf,
    subscribe: outcomeOf,
    onComplete: ({ extra }, id) => {
      extra.running.delete(id);
    },
  });

  sockets.on('connection', (socket: WebSocket, upgrade: IncomingMessage) => {
    const running = new Map<string, AbortController>();
    const request = requestOf(upgrade);
    const state: SocketState = {
      request,
      address: gate.address(upgrade),
      running,
      viewer: () => viewer(request),
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
        send: (data) => sendText(socket, data),
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
        sockets.emit('connection', client, request);
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

interface SocketState extends Record<PropertyKey, unknown> {
  /** The request that became this socket. */
  readonly request: Request;
  /** Where it came from. */
  readonly address: string;
  /** Operations that still run, by the client's id. */
  readonly running: Map<string, AbortController>;
  /** Who asks, from now on. */
  viewer: () => Viewer | null | Promise<Viewer | null>;
  /** Stops waiting for the end of the viewer's credential. */
  unwatch: () => void;
  readonly close: (code: number, reason: string) => void;
  /** Cuts a socket whose client takes nothing any more. */
  readonly hangUp: () => void;
}

type Closing = readonly [code: number, reason: string];
const credentialEnded: Closing = [CloseCode.Unauthorized, 'The login has ended'];

/** Clients come back by themselves from a restart, and not from a refusal. */
function refusalOf(error: unknown): Closing {
  switch (error instanceof GraphQLError && error.extensions['code']) {
    case 'UNAUTHENTICATED':
      return [CloseCode.Unauthorized, 'Unauthorized'];
    case 'FORBIDDEN':
      return [CloseCode.Forbidden, 'Forbidden'];
    default:
      return [restartCloseCode, 'Try again later'];
  }
}

/** RFC 6455's "service restart": clients connect again. */
const restartCloseCode = 1012;
/** How long a client may take to answer a close before its socket is cut. */
const terminateAfterMs = 1_000;
const pingIntervalMs = 12_000;

type Ran = Exclude<Outcome, { kind: 'refused' }>;

/**
 * The protocol's library wants arguments for an executor; the operation has run by then, so a
 * document that is never looked at carries its outcome.
 */
function ranAlready(outcome: Ran, schema: GraphQLSchema) {
  return { schema, document: anyDocument, operationName: undefined, outcome };
}

function outcomeOf(parameters: object): OperationResult {
  const { outcome } = parameters as { outcome: Ran };
  if (outcome.kind === 'single') return outcome.answer;
  if (outcome.kind === 'body') return JSON.parse(outcome.body.toString()) as ExecutionResult;
  // Parts travel as they are: the library only writes them out.
  return outcome.kind === 'parts'
    ? (outcome.parts as AsyncGenerator<ExecutionResult>)
    : outcome.events;
}

const anyDocument: DocumentNode = {
  kind: Kind.DOCUMENT,
  definitions: [
    {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      selectionSet: { kind: Kind.SELECTION_SET, selections: [] },
    },
  ],
};

function isRequestError(outcome: Ran): outcome is Extract<Outcome, { kind: 'single' }> {
  return outcome.kind === 'single' && !('data' in outcome.answer);
}

function tooManyOperations(requestId: string): GraphQLError {
  return new GraphQLError('Too many operations run on this socket.', {
    extensions: { code: 'RATE_LIMITED', requestId, retryable: true },
  });
}

function refusedArrival(
  { message, code = 'BAD_USER_INPUT', retryable = false }: HttpRefusal,
  requestId: string,
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, requestId, retryable } });
}

/** The library takes no operation without a text, which one that is named by its id has not. */
function withQuery(text: string): string {
  if (text.includes('"query"') || !text.includes('"subscribe"')) return text;
  try {
    const message = JSON.parse(text) as { type?: unknown; payload?: unknown } | null;
    const { type, payload } = message ?? {};
    if (type !== 'subscribe' || typeof payload !== 'object' || payload === null) return text;
    return JSON.stringify({ ...message, payload: { query: '', ...payload } });
  } catch {
    return text; // Not JSON: the library closes the socket with its own reason.
  }
}

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

/**
 * The headers of one operation on a socket: its trace is named in its own extensions, since that
 * of the upgrade is over; the language is the socket's.
 */
function headersOf(
  { extensions }: { readonly extensions?: Readonly<Record<string, unknown>> | null | undefined },
  upgrade: Request,
): Pick<Headers, 'get'> {
  return {
    get(name) {
      if (name === 'accept-language') return upgrade.headers.get(name);
      const value = extensions?.[name];
      return typeof value === 'string' ? value : null;
    },
  };
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
