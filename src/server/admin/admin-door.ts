import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import type { Environment } from '../mask.ts';

/** A request that changes or shows more than health. */
export interface AdminRequest {
  readonly method: string;
  /** `/webhooks/consumers/con_1` as `['webhooks', 'consumers', 'con_1']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** The JSON object that was sent; empty when nothing was. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface AdminAnswer {
  readonly status: number;
  /** @default nothing */
  readonly body?: object;
}

/** Answers some paths of the admin port; null for any other. */
export type AdminRoute = (request: AdminRequest) => Promise<AdminAnswer | null>;

/** What a route throws when what was sent makes no sense: told with 422. */
export class AdminInputError extends Error {
  override readonly name = 'AdminInputError';
}

export interface AdminDoorOptions {
  readonly bff: string;
  readonly environment: Environment;
  /** What staff prove themselves with. @default nothing in development; in production nobody may */
  readonly token: string | null;
  /** First path segments that the routes answer. */
  readonly roots: readonly string[];
  readonly routes: readonly AdminRoute[];
  readonly logger: Logger;
}

const bodyLimitBytes = 64 * 1024;

/**
 * The part of the admin port that is for staff: a bearer token where one is set, and never a
 * browser's page. False for paths that are not its own.
 */
export function createAdminDoor(options: AdminDoorOptions) {
  const { bff, environment, token, roots, routes, logger } = options;

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const url = URL.parse(request.url ?? '/', 'http://admin');
    if (!url) return false;
    const path = url.pathname.split('/').filter((segment) => segment !== '');
    if (!roots.includes(path[0] ?? '')) return false;
    const method = request.method ?? 'GET';
    const send = ({ status, body }: AdminAnswer) => {
      response.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      });
      response.end(body && method !== 'HEAD' ? `${JSON.stringify(body)}\n` : undefined);
      return true;
    };
    const refusal = refusalOf(request, token, environment);
    if (refusal) {
      request.resume();
      return send(refusal);
    }
    try {
      const input = await inputOf(request);
      for (const route of routes) {
        const answer = await route({ method, path, query: url.searchParams, input });
        if (!answer) continue;
        if (method !== 'GET') {
          logger.info({ bff, method, path: url.pathname, status: answer.status }, 'admin');
        }
        return send(answer);
      }
      return send({ status: 404, body: { error: `nothing answers ${method} ${url.pathname}` } });
    } catch (error) {
      if (error instanceof AdminInputError) {
        return send({ status: 422, body: { error: error.message } });
      }
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      logger.error({ bff, method, path: url.pathname, cause }, 'admin');
      return send({ status: 500, body: { error: 'it failed; the log says why' } });
    }
  };
}

function refusalOf(
  request: IncomingMessage,
  token: string | null,
  environment: Environment,
): AdminAnswer | null {
  const { origin, authorization, 'sec-fetch-site': site = 'none' } = request.headers;
  if (origin !== undefined || site !== 'none') {
    return {
      status: 403,
      body: { error: 'no page of a browser may ask here; use a command line' },
    };
  }
  if (token === null) {
    if (environment !== 'production') return null;
    return { status: 403, body: { error: 'set ADMIN_TOKEN to allow this in production' } };
  }
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return null;
  return { status: 401, body: { error: 'send ADMIN_TOKEN as a bearer token' } };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function inputOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimitBytes) chunks.push(chunk);
  }
  if (size > bodyLimitBytes) {
    throw new AdminInputError(`the body is longer than ${bodyLimitBytes} bytes`);
  }
  if (size === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new AdminInputError('the body is not valid JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>; // any JSON object
  }
  throw new AdminInputError('the body must be a JSON object');
}
