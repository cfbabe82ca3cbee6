import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
} from 'graphql';
import { CloseCode, makeServer, type OperationResult, type Server } from 'graphql-ws';
import type { Viewer } from '../request.ts';
import type { Gate } from './admission/gate.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed } from './composed.ts';
import type { HttpRefusal } from './http-refusal.ts';
import type { Outcome, RunOperation } from './operations.ts';
import { documentIdIn, nestingProblem } from './request-body.ts';
import { clientIdentityOf, label, newRequestId } from './request-identity.ts';
import type { Outbox } from './outbox.ts';
import { type Sent, sentBy } from './socket-events.ts';

export interface SocketProtocolOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly run: RunOperation;
  readonly gate: Gate;
  /** Takes the place of a socket's own viewer, once for the socket. @default none */
  readonly auth?: Auth | undefined;
}

/** What the protocol knows of one socket. */
export interface SocketState extends Record<PropertyKey, unknown> {
  /** The request that became this socket. */
  readonly request: Request;
  /** Where it came from. */
  readonly address: string;
  /** Operations that still run, by the client's id. */
  readonly running: Map<string, AbortController>;
  /** Where events wait to be written. */
  readonly outbox: Outbox;
  /** Who asks, from now on. */
  viewer: () => Viewer | null | Promise<Viewer | null>;
  /** Stops waiting for the end of the viewer's credential. */
  unwatch: () => void;
  readonly close: (code: number, reason: string) => void;
  /** Cuts a socket whose client takes nothing any more. */
  readonly hangUp: () => void;
}

/** RFC 6455's "service restart": clients connect again. */
export const restartCloseCode = 1012;

/** `graphql-transport-ws`: who a socket is, and its operations, which run as on every transport. */
export function createSocketProtocol<Plan>(
  options: SocketProtocolOptions<Plan>,
): Server<SocketState> {
  const { composed, run, gate, auth } = options;
  const { limits, clientSchema } = composed;
  return makeServer<Record<string, unknown>, SocketState>({
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
      return ranAlready(
        outcome.kind === 'events' ? sentBy(outcome.events, id, context.extra.outbox) : outcome,
        clientSchema,
      );
    },
    execute: outcomeOf,
    subscribe: outcomeOf,
    onComplete: ({ extra }, id) => {
      extra.running.delete(id);
    },
  });
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

type Ran = Exclude<Outcome, { kind: 'refused' | 'events' }> | Sent;

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
  if (outcome.kind === 'sent') return outcome.ended;
  // Parts travel as they are: the library only writes them out.
  return outcome.parts as AsyncGenerator<ExecutionResult>;
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

function isRequestError(outcome: Outcome): outcome is Extract<Outcome, { kind: 'single' }> {
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
