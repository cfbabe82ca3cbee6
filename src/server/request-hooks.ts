import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { Limits } from '../limits.ts';
import type { Auth } from './auth/auth.ts';
import { endpoint } from './endpoint.ts';
import { type HttpRefusal, refusalResponse, requestIdFor } from './http-refusal.ts';
import { acceptedMedia, isJsonContent } from './media-types.ts';
import { isHttpRefusal, operationInBody, operationInUrl, readBody } from './request-body.ts';

/** What identity has to say of a request before it is an operation. */
export type HookAuth = Pick<Auth, 'guard' | 'routes'>;

/** 414 for a target over its limit. */
export function useUrlLimit(limits: Limits): Plugin {
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
export function useAuthRoutes(auth: HookAuth | undefined): Plugin {
  if (!auth) return {};
  return {
    async onRequest({ request, endResponse }) {
      const response = await auth.routes(request);
      if (response) endResponse(response);
    },
  };
}

/** What no credential makes right: a request that another site made, a credential of another kind. */
export function useGuard(auth: HookAuth | undefined): Plugin {
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
export function useRoute(): Plugin {
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
export function useMediaTypes(): Plugin {
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
export function useOperationRequest(limits: Limits): Plugin {
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
