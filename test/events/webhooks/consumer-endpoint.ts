import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody outside who takes webhooks, and answers them as it is told. */
export async function consumerEndpoint(answer?: (response: ServerResponse, count: number) => void) {
  const received: Received[] = [];
  const control = { answer: answer ?? ((response) => response.writeHead(204).end()) };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push({ path: request.url ?? '', headers: request.headers, body });
      control.answer(response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${port}/hooks?from=us`,
    port,
    received,
    /** How it answers from now on. */
    answers(next: (response: ServerResponse, count: number) => void) {
      control.answer = next;
    },
    status: (code: number, headers: Record<string, string> = {}) => {
      control.answer = (response) => response.writeHead(code, headers).end(`status ${code}`);
    },
  };
}
