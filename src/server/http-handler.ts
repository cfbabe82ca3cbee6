import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Viewer } from '../request.ts';
import type { OperationRequest } from './admission/admission.ts';
import { addAnswerHeaders } from './admission/answer-headers.ts';
import { type Gate, isPrefetch } from './admission/gate.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed } from './composed.ts';
import { eventStreamResponse } from './event-stream.ts';
import { useExplorer } from './explorer.ts';
import {
  eventsNotAccepted,
  type HttpRefusal,
  mutationOverGet,
  refusalOf,
  refusalResponse,
  requestIdFor,
  textOverGet,
  withStatus,
} from './http-refusal.ts';
import type { Limits } from '../limits.ts';
import { type Environment, maskError } from './mask.ts';
import { acceptedMedia, isJsonContent } from './media-types.ts';
import type { RunOperation } from './operations.ts';
import { createOutboxes } from './outbox.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { EventFlow } from './subscription.ts';
import { isHttpRefusal, operationInBody, operationInUrl, readBody } from './request-body.ts';
import { clientIdentityOf } from './request-identity.ts';

/** Request headers that change an answer. */
export const varyBy =
  'accept, accept-language, authorization, cookie, origin, graphql-client-name, graphql-client-version';

/** Where GraphQL answers. */
export const endpoint = '/graphql';

export interface HttpHandlerOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly run: RunOperation;
  readonly gate: Gate;
  readonly viewer: (request: Request) => Viewer | null | Promise<Viewer | null>;
  readonly environment: Environment;
  /** Told of requests that never became operations. */
  readonly refused: RefusalLog;
  readonly auth?: Pick<Auth, 'guard' | 'routes'> | undefined;
  /** Whether GraphiQL is here. @default in development */
  readonly explorer?: boolean;
  /** Told of each response that stays open for a subscription. */
  readonly onStream: (response: ServerResponse) => void;
}

/** What node:http adds to a request; absent when `fetch` was called. */
interface NodeExchange {
  readonly res?: ServerResponse;
}

/** GraphQL over HTTP. The plugins are the request's journey, top to bottom. */
export function createHttpHandler<Plan>(options: HttpHandlerOptions<Plan>) {
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
      maskError: (error) => maskError(error, { requestId: '', environment }),
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

/** 414 for a target over its limit. */
function useUrlLimit(limits: Limits): Plugin {
  return {
    onRequest(hook) {
      const { url } = hook.request;
      if (url.length - url.indexOf('/', 'https://'.length) <= limits.urlLimitBytes) return;
      refuse(hook, {
        status: 414,
        message: 'The URL is too long.',
      });
    },
  };
}

/** The paths on which people log in and out. */
function useAuthRoutes(auth: HttpHandlerOptions<unknown>['auth']): Plugin {
  if (!auth) return {};
  return {
    async onRequest({ request, endResponse }) {
      const response = await auth.routes(request);
      if (response) endResponse(response);
    },
  };
}

/** What no credential makes right: a request that another site made, a credential of another kind. */
function useGuard(auth: HttpHandlerOptions<unknown>['auth']): Plugin {
  if (!auth) return {};
  return {
    onRequest(hook) {
      const refusal = auth.guard(hook.request);
      if (refusal) refuse(hook, refusal);
    },
    onResponse({ request, response }) {
      // What a viewer got with GET is for nobody else, whatever stands in between.
      if (request.method !== 'GET' || response.headers.has('cache-control')) return;
      response.headers.set('cache-control', 'private, no-store');
    },
  };
}

/** 404 for any other path, 405 for anything but GET and POST. */
function useRoute(): Plugin {
  return {
    onRequest(hook) {
      if (hook.url.pathname !== endpoint) {
        refuse(hook, {
          status: 404,
          message: `Nothing answers here; GraphQL answers at ${endpoint}.`,
        });
      } else if (hook.request.method !== 'GET' && hook.request.method !== 'POST') {
        refuse(hook, {
          status: 405,
          message: `GraphQL is asked with GET or POST, not ${hook.request.method}.`,
          headers: { allow: 'GET, POST' },
        });
      }
    },
  };
}

/** 415 for a body that is not plain JSON in UTF-8; 406 before anything runs. */
function useMediaTypes(): Plugin {
  return {
    onRequestParse(hook) {
      const { method, headers } = hook.request;
      if (method === 'POST' && !isJsonContent(headers.get('content-type'))) {
        refuse(hook, {
          status: 415,
          message: 'The content type must be application/json, in UTF-8.',
          headers: { 'accept-post': 'application/json' },
        });
      } else if (
        method === 'POST' &&
        (headers.get('content-encoding') ?? 'identity') !== 'identity'
      ) {
        refuse(hook, {
          status: 415,
          message: 'The request body must not be compressed.',
          headers: { 'accept-encoding': 'identity' },
        });
      } else if (!acceptedMedia(headers.get('accept')).whole) {
        refuse(hook, {
          status: 406,
          message:
            'The Accept header takes none of application/graphql-response+json, application/json, multipart/mixed and text/event-stream.',
        });
      }
    },
  };
}

/** 413 and 400: the body or query string becomes an operation request. */
function useOperationRequest(limits: Limits): Plugin {
  return {
    onRequestParse({ setRequestParser, url, fetchAPI }) {
      setRequestParser(async (request) => {
        const text = request.method === 'POST' && (await readBody(request, limits.bodyLimitBytes));
        const operation =
          text === false
            ? operationInUrl(url.searchParams)
            : typeof text === 'string'
              ? operationInBody(text)
              : text;
        return isHttpRefusal(operation)
          ? refusalResponse(request, requestIdFor(request), operation, fetchAPI.Response)
          : (operation as GraphQLParams);
      });
    },
  };
}

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
          locale: request.headers.get('accept-language'),
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
          case 'body':
            request.headers.set('accept', media.whole ?? 'application/json');
            cacheControl.set(request, outcome.cacheControl);
            return JSON.parse(outcome.body.toString()) as ExecutionResult;
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

/** Ends a request with its refusal, from any hook that can. */
function refuse(
  hook: Pick<
    Parameters<NonNullable<Plugin['onRequest']>>[0],
    'request' | 'endResponse' | 'fetchAPI'
  >,
  refusal: HttpRefusal,
): void {
  const { request, endResponse, fetchAPI } = hook;
  endResponse(refusalResponse(request, requestIdFor(request), refusal, fetchAPI.Response));
}
