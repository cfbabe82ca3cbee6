import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveWebhooks } from '../events/webhooks/live-webhooks.ts';
import { isVerdict, type Verdict } from '../events/webhooks/receive.ts';
import { isInCrumbs } from '../in-crumbs.ts';
import { answerHeaders } from './admission/answer-headers.ts';
import type { FailedRequests } from './failed-requests.ts';
import type { Logger } from './log.ts';
import { requestIdOf } from './request-identity.ts';

export interface WebhookRouteOptions {
  readonly bff: string;
  readonly receiver: LiveWebhooks['receiver'];
  /** Where a request came from. */
  readonly address: (request: IncomingMessage) => string;
  readonly logger: Logger;
  /** What becomes of requests in which something is thrown. */
  readonly failed: FailedRequests;
  /** What answers everything else. */
  readonly elsewhere: (request: IncomingMessage, response: ServerResponse) => unknown;
}

/** Where webhooks are sent: `/webhooks/<source>`. */
const root = '/webhooks/';

/**
 * Bytes of a refused body that are still read and thrown away, because most senders read the answer
 * only once they have written their request, and a connection closed before that loses it. After
 * that, or half a minute, the connection is cut.
 */
const politenessBytes = 32 * 1024 * 1024;

/**
 * `POST /webhooks/<source>`: the body's raw bytes, from the socket to the receiver. A refusal tells
 * the sender its status and no reason; the reason is one line of the log.
 */
export function createWebhookRoute(options: WebhookRouteOptions) {
  const { bff, receiver, address, logger, failed, elsewhere } = options;

  return (request: IncomingMessage, response: ServerResponse): unknown => {
    if (!request.url?.startsWith(root)) return elsewhere(request, response);
    const source = (request.url.slice(root.length).split('?', 1)[0] ?? '').slice(0, 64);
    const header = (name: string) => headerOf(request, name);
    const requestId = requestIdOf({ get: header });

    const answer = ({ status, body = '', why }: Answer): void => {
      if (why !== null) {
        const fields = { bff, requestId, source, status, address: address(request), why };
        if (status === 503) logger.warn(fields, 'webhook refused');
        else logger.info(fields, 'webhook refused');
      }
      reply(response, requestId, status, why === null ? body : (sentences[status] ?? refused));
    };
    const problem = problemOf(request, receiver.has(source));
    if (problem) {
      discard(request);
      return answer(problem);
    }
    const length = request.headers['content-length'];
    const begun = receiver.begin(source, header, length === undefined ? null : Number(length));
    if (isVerdict(begun)) {
      discard(request);
      return answer(begun);
    }

    let isOver = false;
    request.on('data', (chunk: Buffer) => {
      if (isOver) return;
      failed.guard(response, () => {
        const verdict = begun.take(chunk);
        if (verdict === null) return;
        isOver = true;
        discard(request);
        answer(verdict);
      });
    });
    request.once('end', () => {
      if (isOver) return;
      isOver = true;
      failed.guard(response, () => begun.end().then(answer));
    });
    request.once('close', () => {
      if (isOver) return;
      isOver = true;
      begun.leave();
    });
  };
}

interface Answer extends Omit<Verdict, 'status'> {
  readonly status: number;
}

function problemOf({ method, headers }: IncomingMessage, isKnown: boolean): Answer | null {
  if (!isKnown) return { status: 404, why: 'no source that is on has this name' };
  if (method !== 'POST') return { status: 405, why: `its method is ${method}` };
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    return { status: 415, why: 'its body is compressed' };
  }
  return null;
}

const refused = 'The webhook was refused.';

const sentences: Readonly<Record<number, string>> = {
  404: 'Nothing answers here.',
  405: 'Webhooks are sent with POST.',
  413: 'The body is too large.',
  415: 'The body must not be compressed.',
  503: 'The webhook can’t be taken right now; send it again later.',
};

function reply(response: ServerResponse, requestId: string, status: number, text: string): void {
  if (response.destroyed || response.headersSent) return;
  const body = status >= 400 ? JSON.stringify({ error: text }) : text;
  response.writeHead(status, {
    ...answerHeaders,
    'cache-control': 'no-store',
    'x-request-id': requestId,
    ...(body !== '' && {
      'content-type': `${status >= 400 ? 'application/json' : 'text/plain'}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
    }),
    ...(status === 405 && { allow: 'POST' }),
    ...(status === 503 && { 'retry-after': '5' }),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Reads a body to no purpose, up to a point. */
function discard(request: IncomingMessage): void {
  let size = 0;
  let chunks = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks += 1;
    if (size > politenessBytes || isInCrumbs(chunks, size)) request.destroy();
  });
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
}
