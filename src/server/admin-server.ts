import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LiveBackend } from '../backend/backend.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { FailedRequests } from './failed-requests.ts';
import { hasUrl } from './request-target.ts';

export interface AdminOptions {
  readonly name: string;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** Whether new requests are still welcome. */
  readonly isReady: () => boolean;
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** What becomes of requests in which something is thrown. */
  readonly failed: FailedRequests;
  /** The graph for staff; false for paths that are not its own. @default there is none */
  readonly explorer?: AdminOptions['staff'];
  /** What is for staff; false for paths that are not its own. @default nothing is */
  readonly staff?:
    | ((request: IncomingMessage, response: ServerResponse) => Promise<boolean>)
    | undefined;
}

/**
 * Health and metrics over HTTP. `/livez`: this process answers. `/readyz`: it takes requests, and beside that
 * which backends answer (null: it can't be asked); a backend that is down does not make it unready,
 * since its fields are null and the rest works. `/metrics`: Prometheus' text format.
 */
export function createAdminServer(options: AdminOptions): Server {
  const { failed } = options;
  return createServer((request, response) => {
    if (hasUrl(request)) failed.guard(response, () => answer(request, response, options));
    else response.writeHead(400, { connection: 'close' }).end();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { name, backends, isReady, metrics, staff, explorer }: AdminOptions,
): Promise<void> {
  if ((await explorer?.(request, response)) || (await staff?.(request, response))) return;
  const send = (status: number, body: object) => {
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(405, { error: 'health and metrics are asked with GET' });
  }
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return send(200, { status: 'live', bff: name });
    case '/readyz': {
      const answering = await probeAll(backends);
      const ready = isReady();
      return send(ready ? 200 : 503, {
        status: ready ? 'ready' : 'draining',
        bff: name,
        backends: answering,
      });
    }
    case '/metrics': {
      const text = await metrics.text();
      response.writeHead(200, {
        'content-type': metrics.contentType,
        'cache-control': 'no-store',
      });
      response.end(request.method === 'HEAD' ? undefined : text);
      return;
    }
    default:
      return send(404, { error: 'nothing answers here; there are /livez, /readyz and /metrics' });
  }
}

const probeTimeoutMs = 500;

async function probeAll(
  backends: ReadonlyMap<string, LiveBackend>,
): Promise<Record<string, boolean | null>> {
  const signal = AbortSignal.timeout(probeTimeoutMs);
  const late = new Promise<false>((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  const answers = await Promise.all(
    [...backends].map(async ([name, { transport }]) => {
      const answering = transport.probe
        ? await Promise.race([transport.probe(signal).catch(() => false), late])
        : null;
      return [name, answering] as const;
    }),
  );
  return Object.fromEntries(answers);
}
