import type { IncomingMessage, ServerResponse } from 'node:http';

export interface GraphqlBody {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Reads and parses a JSON POST; null when it is too large, or no GraphQL request. */
export function readBody(request: IncomingMessage, done: (body: GraphqlBody | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= 256 * 1024) chunks.push(chunk);
  });
  request.on('error', () => done(null));
  request.on('end', () => {
    if (bytes > 256 * 1024) return done(null);
    try {
      const text = chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
      const body = JSON.parse(text) as GraphqlBody | null;
      done(typeof body?.query === 'string' ? body : null);
    } catch {
      done(null);
    }
  });
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.byteLength,
    })
    .end(body);
}
