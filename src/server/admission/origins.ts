import type { IncomingMessage, ServerResponse } from 'node:http';
import { Malformed } from '../../backend/settings.ts';

/** Pages of other origins that may ask, with credentials, and read what is answered. */
export interface Origins {
  has(origin: string): boolean;
  /** Whether a page of this origin may open a WebSocket here: one of ours, or a listed one. */
  mayConnect(origin: string, host: string | undefined): boolean;
  /** Lets a listed page read this answer; answers its preflight itself, and then says so. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
}

/**
 * Each origin exactly as browsers send it; no wildcard. Without any, nothing is ever added. `own` is
 * where browsers reach us, when that is known.
 */
export function createOrigins(listed: readonly string[], own: string | null = null): Origins {
  const known = new Set(listed);
  return {
    has: (origin) => known.has(origin),
    mayConnect: (origin, host) =>
      origin === own || isOfHost(origin, host ?? null) || known.has(origin),
    answer(request, response) {
      const { origin } = request.headers;
      if (known.size === 0 || origin === undefined) return false;
      response.setHeader('vary', 'Origin');
      if (!known.has(origin)) return false;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-expose-headers', exposed);
      const isPreflight =
        request.method === 'OPTIONS' &&
        request.headers['access-control-request-method'] !== undefined;
      if (!isPreflight) return false;
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': allowed,
        'access-control-max-age': '600',
      });
      response.end();
      return true;
    },
  };
}

/** Whether a page of this origin asks its own host; whatever its scheme, since TLS may end before us. */
export function isOfHost(origin: string, host: string | null): boolean {
  return URL.parse(origin)?.host === host;
}

/**
 * Reads a list of origins, separated by commas.
 * Fails: Malformed for a wildcard, a path, or anything but http and https.
 */
export function readOrigins(text: string): readonly string[] {
  return text.split(',').flatMap((item) => {
    const origin = item.trim();
    if (origin === '') return [];
    const problem = originProblem(origin);
    if (problem) throw new Malformed(problem);
    return [origin];
  });
}

/** What is wrong with one origin, or null. */
export function originProblem(origin: string): string | null {
  if (origin.includes('*')) return 'expected each origin by its name, without a wildcard';
  const url = URL.parse(origin);
  const isOrigin = url?.origin === origin && /^https?:$/.test(url.protocol);
  return isOrigin ? null : 'expected origins: scheme, host and port, in lower case';
}

const allowed =
  'content-type, accept, authorization, x-bff-csrf, x-request-id, graphql-client-name, graphql-client-version, idempotency-key, last-event-id, traceparent, tracestate';
const exposed = 'x-request-id, ratelimit, ratelimit-policy, retry-after';
