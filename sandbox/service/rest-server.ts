import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';
import type { WritableCallLog } from './call-log.ts';

/** One request, as a service's `answer` sees it. */
export interface RestCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The body, parsed as JSON. Fails with a `Problem` when it is none or longer than 16 KiB. */
  json(): Promise<unknown>;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

/** One operation of the contract. */
export interface RestRoute {
  readonly method: 'GET' | 'PATCH';
  /** As the contract writes it: `/airports/{iata}`; at most one parameter, in the last place. */
  readonly path: string;
  answer(call: RestCall, parameter: string): RestAnswer | Promise<RestAnswer>;
}

/** A request that cannot be served; answered as problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, title: string, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.headers = headers;
  }
}

export interface RestServer {
  readonly url: string;
  close(): Promise<void>;
}

const bodyLimitBytes = 16 * 1024;
const closeGraceMs = 500;

/** Serves the routes on loopback, beside `GET` and `DELETE /__calls`. */
export async function startRestServer(options: {
  readonly port: number;
  readonly routes: readonly RestRoute[];
  readonly calls: WritableCallLog;
}): Promise<RestServer> {
  const { routes, calls } = options;
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    serve(request, response, routes, calls).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  const port = await listen(server, options.port);

  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const force = setTimeout(() => server.closeAllConnections(), closeGraceMs);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(force);
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly RestRoute[],
  calls: WritableCallLog,
): Promise<void> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === '/__calls') return serveCalls(request, response, calls);

  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const matching = routes.filter((route) => parameterOf(route.path, path) !== null);
  const route = matching.find((candidate) => candidate.method === method);
  const finish = calls.begin(
    route ? `${route.method} ${route.path}` : `${method} (no such path)`,
    url,
  );

  let answer: RestAnswer;
  try {
    if (!route) throw unroutable(matching, method, path);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const call = { method, path, query, headers: request.headers, json: () => readJson(request) };
    answer = await route.answer(call, parameterOf(route.path, path) ?? '');
  } catch (error) {
    answer = problemAnswer(error);
  }
  finish(answer.status);
  send(response, answer, request.method === 'HEAD');
}

/** Answers `GET` and `DELETE /__calls`. */
export function serveCalls(
  request: IncomingMessage,
  response: ServerResponse,
  calls: WritableCallLog,
) {
  if (request.method === 'DELETE') {
    calls.clear();
    return send(response, { status: 204 });
  }
  const { total, counts, entries } = calls;
  const body = JSON.stringify({ total: total(), counts: counts(), calls: entries() });
  send(response, { status: 200, body });
}

/** The path's parameter, '' for a route without one, null when the path is not the route's. */
function parameterOf(template: string, path: string): string | null {
  const brace = template.indexOf('{');
  if (brace < 0) return path === template ? '' : null;
  if (!path.startsWith(template.slice(0, brace))) return null;
  const raw = path.slice(brace);
  if (raw === '' || raw.includes('/')) return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function unroutable(matching: readonly RestRoute[], method: string, path: string): Problem {
  if (matching.length === 0) {
    return new Problem(404, 'No such path', `Nothing is served at ${path}.`);
  }
  const allow = matching.map((route) => (route.method === 'GET' ? 'GET, HEAD' : route.method));
  return new Problem(405, 'Method not allowed', `${path} does not take ${method}.`, {
    allow: allow.join(', '),
  });
}

function problemAnswer(error: unknown): RestAnswer {
  const problem =
    error instanceof Problem
      ? error
      : new Problem(500, 'Internal error', 'The service failed; its log says why.');
  if (problem !== error) console.error(error);
  const { status, title, message: detail } = problem;
  return {
    status,
    headers: {
      ...problem.headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    },
    body: JSON.stringify({ type: 'about:blank', title, status, detail }),
  };
}

function send(response: ServerResponse, answer: RestAnswer, headOnly = false): void {
  const { status, headers, body } = answer;
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const length = Buffer.byteLength(body);
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': length })
    .end(headOnly ? undefined : body);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new Problem(415, 'Unsupported media type', 'Send the body as application/json.');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > bodyLimitBytes) {
      throw new Problem(413, 'Body too large', `Send at most ${bodyLimitBytes} bytes.`, {
        connection: 'close',
      });
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Problem(400, 'Bad request', 'The body is not JSON.');
  }
}
