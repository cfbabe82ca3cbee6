import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Viewer } from '../request.ts';
import type { OperationRequest } from './admission/admission.ts';
import { addAnswerHeaders } from './admission/answer-headers.ts';
import { type Gate, isPrefetch } from './admission/gate.ts';
import type { JsonBody } from '../load/answer-cache.ts';
import type { Composed } from './composed.ts';
import { eventStreamResponse } from './event-stream.ts';
import { endpoint } from './endpoint.ts';
import { useExplorer } from './explorer.ts';
import type { FailedRequests } from './failed-requests.ts';
import {
  eventsNotAccepted,
  mutationOverGet,
  refusalOf,
  requestIdFor,
  textOverGet,
  withStatus,
} from './http-refusal.ts';
import { type Environment, maskError } from './mask.ts';
import { acceptedMedia } from './media-types.ts';
import type { RunOperation } from './operations.ts';
import { createOutboxes } from './outbox.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { EventFlow } from './subscription.ts';
import {
  type HookAuth,
  useAuthRoutes,
  useGuard,
  useMediaTypes,
  useOperationRequest,
  useRoute,
  useUrlLimit,
} from './request-hooks.ts';
import { clientIdentityOf } from './request-identity.ts';

/** Request headers that change an answer. */
export const varyBy =
  'accept, accept-language, authorization, cookie, origin, graphql-client-name, graphql-client-version';

export interface HttpHandlerOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly run: RunOperation;
  readonly gate: Gate;
  readonly viewer: (request: Request) => Viewer | null | Promise<Viewer | null>;
  readonly environment: Environment;
  /** Told of requests that never became operations. */
  readonly refused: RefusalLog;
  /** What becomes of requests in which something is thrown. */
  readonly failed: FailedRequests;
  readonly auth?: HookAuth | undefined;
  /** Whether GraphiQL is here. @default in development */
  readonly explorer?: boolean;
  /** Told of each response that stays open for a subscription. */
  readonly onStream: (response: ServerResponse) => void;
}

/** What node:http adds to a request; absent when `fetch` was called. */
interface NodeExchange {
  readonly req?: IncomingMessage;
  readonly res?: ServerResponse;
}

/** GraphQL over HTTP, for `fetch` and for node:http. */
export function createHttpHandler<Plan>(options: HttpHandlerOptions<Plan>) {
  const yoga = createPipeline(options);
  // Yoga's own listener tells a client the stack of whatever is thrown.
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const exchange = { req: request, res: response };
      const answer = await yoga.handleNodeRequestAndResponse(request, response, exchange);
      await sendNodeResponse(answer, response, request, true);
    } catch (error) {
      options.failed.answer(response, error);
    }
  };
  return Object.assign(handle, {
    fetch: (request: Request, exchange: NodeExchange = {}): Promise<Response> | Response =>
      yoga.fetch(request, exchange),
  });
}

/** The plugins are the request's journey, top to bottom. */
function createPipeline<Plan>(options: HttpHandlerOptions<Plan>) {
  const { composed, environment } = options;
  const { limits } = composed;
  return createYoga<NodeExchange>({
    schema: composed.clientSchema,
    graphqlEndpoint: endpoint,
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    extraParamNames: ['documentId'],
    logging: false,
    parserAndValidationCache: false,
    maxRequestBodySize: false,
    maskedErrors: {
      maskError: (error) => {
        // What no operation made of itself is no answer: it goes where it is logged.
        if (!(error instanceof GraphQLError)) throw error;
        return maskError(error, { requestId: '', environment });
      },
    },
    plugins: [
      useRequestId(options.refused),
      useUrlLimit(limits),
      useAuthRoutes(options.auth),
      (options.explorer ?? environment === 'development') ? useExplorer(composed) : {},
      useRoute(),
      useGuard(options.auth),
      useMediaTypes(),
      useOperationRequest(limits),
      useOperations(options),
      useBodies(),
      useEventStreams(),
    ],
  });
}

/** Every answer carries the id that the log line has, and says who may keep it for how long. */
function useRequestId(refused: RefusalLog): Plugin {
  return {
    onResponse({ request, response }) {
      const requestId = requestIdFor(request);
      response.headers.set('x-request-id', requestId);
      const { status, message } = refusalOf(request) ?? {};
      if (status && message) refused({ requestId, status, reason: message });
      for (const [name, value] of Object.entries(told.get(request) ?? {})) {
        response.headers.set(name, value);
      }
      if (!response.headers.has('cache-control')) {
        response.headers.set('cache-control', cacheControl.get(request) ?? 'no-store');
        response.headers.set('vary', varyBy);
      }
      addAnswerHeaders(response.headers);
    },
  };
}

const cacheControl = new WeakMap<Request, string>();
/** What else an operation says in its answer's headers. */
const told = new WeakMap<Request, Readonly<Record<string, string>>>();

/** The operation runs as on every other transport; only its answer's wire is chosen here. */
function useOperations<Plan>({
  run,
  gate,
  viewer,
  environment,
  onStream,
}: HttpHandlerOptions<Plan>): Plugin<object, NodeExchange> {
  return {
    onParams({ setParamsHandler }) {
      setParamsHandler(async ({ request, params, context }) => {
        const requestId = requestIdFor(request);
        const media = acceptedMedia(request.headers.get('accept'));
        const outcome = await run(params as OperationRequest, {
          requestId,
          client: clientIdentityOf(request.headers),
          address: context.res ? gate.address(context.res.req) : null,
          isPrefetch: isPrefetch(request.headers),
          transport: request.method === 'GET' ? 'http-get' : 'http',
          headers: request.headers,
          signal: request.signal,
          viewer: () => viewer(request),
          tell: (headers) => void told.set(request, headers),
          hangUp: () => {
            if (context.res?.writableNeedDrain) context.res.destroy();
          },
          carries: ({ type, registered }) => {
            const isGet = request.method === 'GET';
            if (type === 'mutation' && isGet) return mutationOverGet(requestId);
            if (isGet && !registered && environment === 'production') return textOverGet(requestId);
            if (type === 'subscription' && !media.events) return eventsNotAccepted(requestId);
            return { incremental: media.parts !== null };
          },
        });
        switch (outcome.kind) {
          case 'refused':
            request.headers.set('accept', media.whole ?? 'application/json');
            return { errors: withStatus(outcome.refused) };
          case 'body': {
            const type = media.whole ?? 'application/json';
            cacheControl.set(request, outcome.cacheControl);
            if (type.endsWith('json')) {
              bodies.set(request, { body: outcome.body, type });
              return notRead;
            }
            // One event of an event stream.
            request.headers.set('accept', type);
            return JSON.parse(outcome.body.toString()) as ExecutionResult;
          }
          case 'single':
            request.headers.set('accept', media.whole ?? 'application/json');
            return 'data' in outcome.answer
              ? outcome.answer
              : {
                  errors: withStatus({
                    errors: outcome.answer.errors ?? [],
                    status: 400,
                    wellFormed: true,
                  }),
                };
          case 'parts':
            request.headers.set('accept', media.parts ?? 'multipart/mixed');
            return outcome.parts as AsyncGenerator<object>;
          case 'events':
            request.headers.set('accept', 'text/event-stream');
            if (context.res) onStream(context.res);
            flows.set(request, outcome.events);
            return notIterated;
        }
      });
    },
  };
}

/** What is JSON already goes out as it is. */
function useBodies(): Plugin {
  return {
    onResultProcess({ request, setResultProcessor }) {
      const known = bodies.get(request);
      if (!known) return;
      const { body, type } = known;
      setResultProcessor((_, { Response }) => {
        const bytes = body instanceof Buffer ? body : Buffer.from(body.toString());
        // Bytes of node's are a body here.
        return new Response(bytes as unknown as BodyInit, {
          headers: {
            'content-type': `${type}; charset=utf-8`,
            'content-length': String(bytes.byteLength),
          },
        });
      }, type);
    },
  };
}

const bodies = new WeakMap<Request, { readonly body: JsonBody; readonly type: string }>();
/** Stands for an answer that is text already. */
const notRead: ExecutionResult = {};

/** Subscriptions over HTTP say with each event where they are. */
function useEventStreams(): Plugin {
  const openOutbox = createOutboxes();
  return {
    onResultProcess({ request, setResultProcessor }) {
      const flow = flows.get(request);
      if (!flow) return;
      setResultProcessor(
        (_, fetchAPI) => eventStreamResponse(flow, openOutbox, fetchAPI),
        'text/event-stream',
      );
    },
  };
}

const flows = new WeakMap<Request, EventFlow>();
/** Stands for the events of a subscription, which flow without being iterated. */
const notIterated: AsyncIterable<object> = { async *[Symbol.asyncIterator]() {} };
