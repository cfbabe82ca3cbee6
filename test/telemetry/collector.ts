import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly events: readonly { readonly name: string }[];
  readonly status: { readonly code: number };
}

/** A collector that takes OTLP over HTTP in JSON, or answers with `status`. */
export async function startCollector() {
  const spans: CollectedSpan[] = [];
  const collector = { spans, requests: 0, status: 200, url: new URL('http://127.0.0.1') };
  const server = createServer((request, response) => {
    collector.requests += 1;
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.url === '/v1/traces' && collector.status === 200) {
        const { resourceSpans } = JSON.parse(body);
        spans.push(...resourceSpans[0].scopeSpans[0].spans);
      }
      response.writeHead(collector.status, { 'content-type': 'application/json' });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  collector.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return Object.assign(collector, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

export function attributesOf(span: CollectedSpan | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}
