import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type HttpRefusal, refusalBody } from '../http-refusal.ts';
import type { RefusalLog, RefusedRequest } from '../refusal-log.ts';
import { requestIdOf } from '../request-identity.ts';
import { answerHeaders } from './answer-headers.ts';
import type { Gate } from './gate.ts';
import type { Priority } from './load-shedding.ts';
import type { Origins } from './origins.ts';

export interface ArrivalsOptions {
  readonly gate: Gate;
  readonly origins: Origins;
  /** Told of requests that are refused here. */
  readonly refused: RefusalLog;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
}

/**
 * The first thing that any request over a socket meets, whatever its path: other origins, this
 * process's load, its address's budget. What is refused here is refused before its body is read.
 */
export function createArrivals({ gate, origins, refused, handle, upgrade }: ArrivalsOptions) {
  return {
    handle(request: IncomingMessage, response: ServerResponse): unknown {
      if (origins.answer(request, response)) return;
      const refusal = gate.arrival(gate.address(request), priorityOf(request));
      if (refusal === null) return handle(request, response);
      if (!(refusal instanceof Promise)) return refuse(request, response, refusal, refused);
      return refusal.then((late) =>
        late ? refuse(request, response, late, refused) : handle(request, response),
      );
    },

    async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<unknown> {
      const refusal = await gate.arrival(gate.address(request), 'read');
      if (refusal === null) return upgrade(request, socket, head);
      refused(lineOf(request, refusal));
      const headers = Object.entries(refusal.headers ?? {}).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(
        `HTTP/1.1 ${refusal.status} Refused\r\n${headers.join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    },
  };
}

/** A POST may be a mutation: what it is turns out once it is read. */
function priorityOf({ method, headers }: IncomingMessage): Priority {
  if (headers['sec-purpose']?.includes('prefetch')) return 'prefetch';
  return method === 'POST' ? 'mutation' : 'read';
}

/** What is logged of a refusal, with the id that the caller gave or a new one. */
function lineOf(
  { headers }: IncomingMessage,
  { status, message: reason }: HttpRefusal,
): RefusedRequest {
  const given = headers['x-request-id'];
  const requestId = requestIdOf({ get: () => (typeof given === 'string' ? given : null) });
  return { requestId, status, reason };
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: HttpRefusal,
  refused: RefusalLog,
): void {
  const line = lineOf(request, refusal);
  refused(line);
  const { requestId } = line;
  const body = refusalBody(requestId, refusal);
  response.writeHead(refusal.status, {
    ...answerHeaders,
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
