import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerHeaders } from './admission/answer-headers.ts';
import { refusalBody } from './http-refusal.ts';
import type { Logger } from './log.ts';
import { internalSentence } from './mask.ts';
import { redactSecrets } from './redact.ts';
import { requestIdOf } from './request-identity.ts';

export interface FailedRequestsOptions {
  readonly bff: string;
  readonly logger: Logger;
}

/**
 * The last resort for requests: whatever is thrown while one is answered is one line of the log, and
 * neither ends the process nor reaches a client.
 */
export interface FailedRequests {
  /** Runs a step of an answer; what it throws or rejects with is the end of its request. */
  guard(response: ServerResponse, step: () => unknown): void;
  /** 500; the end of the connection where an answer has begun. */
  answer(response: ServerResponse, error: unknown): void;
  /** The end of a connection that was to become a WebSocket. */
  cut(request: IncomingMessage, socket: Duplex, error: unknown): void;
}

export function createFailedRequests({ bff, logger }: FailedRequestsOptions): FailedRequests {
  function log({ headers }: IncomingMessage, error: unknown): string {
    const given = headers['x-request-id'];
    const requestId = requestIdOf({ get: () => (typeof given === 'string' ? given : null) });
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.error({ bff, requestId, cause: redactSecrets(cause, 2_000) }, 'request failed');
    return requestId;
  }

  function answer(response: ServerResponse, error: unknown): void {
    // Its client has left, which may well be what was thrown.
    if (response.destroyed) return;
    const requestId = log(response.req, error);
    if (response.headersSent) return void response.destroy();
    const body = refusalBody(requestId, failure);
    response.writeHead(failure.status, {
      ...answerHeaders,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-request-id': requestId,
    });
    response.end(response.req.method === 'HEAD' ? undefined : body);
  }

  return {
    guard(response, step) {
      try {
        const done = step();
        if (done instanceof Promise) {
          done.catch((error: unknown) => answer(response, error));
        }
      } catch (error) {
        answer(response, error);
      }
    },
    answer,
    cut(request, socket, error) {
      log(request, error);
      socket.destroy();
    },
  };
}

const failure = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: internalSentence,
} as const;
