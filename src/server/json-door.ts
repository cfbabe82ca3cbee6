import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Viewer } from '../request.ts';
import {
  type Admit,
  isRefused,
  type OperationRequest,
  type Refused,
} from './admission/admission.ts';
import { answerHeaders } from './admission/answer-headers.ts';
import { type Gate, isPrefetch } from './admission/gate.ts';
import type { Auth } from './auth/auth.ts';
import { endpoint, varyBy } from './http-handler.ts';
import { eventsNotAccepted, type HttpRefusal, refusalBody } from './http-refusal.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Limits } from '../limits.ts';
import { type AcceptedMedia, acceptedMedia, isJsonContent } from './media-types.ts';
import type { RunOperation } from './operations.ts';
import { isHttpRefusal, operationInBody } from './request-body.ts';
import { clientIdentityOf, requestIdOf } from './request-identity.ts';

export interface JsonDoorOptions {
  readonly limits: Limits;
  readonly admit: Admit<unknown>;
  readonly gate: Gate;
  readonly run: RunOperation;
  readonly viewer: (request: IncomingRequest) => Viewer | null | Promise<Viewer | null>;
  readonly auth?: Auth | undefined;
  /** The whole of GraphQL over HTTP, for what this door does not take. */
  readonly elsewhere: Elsewhere;
}

export interface Elsewhere {
  (request: IncomingMessage, response: ServerResponse): unknown;
  /** The same for a request whose body has been read. */
  fetch(request: Request, exchange: { readonly res: ServerResponse }): Promise<Response> | Response;
}

/**
 * The short way for what nearly every client sends: a JSON POST that is answered in one piece. From
 * the socket through the same admission and the same plans to a string, without Yoga's pipeline.
 * Whatever else arrives (another method or media type, an answer in parts or events) goes
 * elsewhere, its body already read where it had to be.
 */
export function createJsonDoor(options: JsonDoorOptions) {
  const { limits, admit, gate, run, viewer, auth, elsewhere } = options;

  return (request: IncomingMessage, response: ServerResponse): unknown => {
    const media = mediaOf(request);
    if (media === null) return elsewhere(request, response);
    const headers = {
      get: (name: string) => headerOf(request, name),
      has: (name: string) => headerOf(request, name) !== null,
    };
    const incoming: IncomingRequest = { method: 'POST', url: urlOf(request), headers };
    const requestId = requestIdOf(headers);
    const reply = new Reply(response, media.whole ?? 'application/json', requestId);
    const refusal = auth?.guard(incoming) ?? null;
    if (refusal) return reply.refuse(refusal);
    return readText(request, limits.bodyLimitBytes, (text) => {
      const operation = typeof text === 'string' ? operationInBody(text) : text;
      if (isHttpRefusal(operation)) return reply.refuse(operation);
      return answer(operation, { request, response, incoming, media, requestId, reply }).catch(() =>
        response.destroy(),
      );
    });
  };

  interface Exchange {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly incoming: IncomingRequest;
    readonly media: AcceptedMedia;
    readonly requestId: string;
    readonly reply: Reply;
  }

  async function answer(operation: OperationRequest, exchange: Exchange): Promise<void> {
    const { request, response, incoming, media, requestId, reply } = exchange;
    const left = new AbortController();
    const onClose = () => left.abort(new DOMException('the client left', 'AbortError'));
    response.once('close', onClose);
    const admission = admit(operation, requestId);
    if (
      !isRefused(admission) &&
      (admission.type === 'subscription' || (admission.inParts && media.parts !== null))
    ) {
      const again = new Request(incoming.url, {
        method: 'POST',
        headers: Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        ),
        body: JSON.stringify(operation),
        signal: left.signal,
      });
      return send(await elsewhere.fetch(again, { res: response }), response);
    }
    const outcome = await run(operation, {
      requestId,
      client: clientIdentityOf(incoming.headers),
      address: gate.address(request),
      isPrefetch: isPrefetch(incoming.headers),
      locale: incoming.headers.get('accept-language'),
      transport: 'http',
      headers: incoming.headers,
      signal: left.signal,
      viewer: () => viewer(incoming),
      tell: (told) => reply.tell(told),
      carries: ({ type }) =>
        type === 'subscription' ? eventsNotAccepted(requestId) : { incremental: false },
    });
    response.off('close', onClose);
    if (outcome.kind === 'body') reply.body(outcome.body, outcome.cacheControl);
    else if (outcome.kind === 'refused') reply.refusedOperation(outcome.refused);
    else if (outcome.kind === 'single') reply.single(outcome.answer);
    else throw new Error(`a JSON POST was answered with ${outcome.kind}`);
  }
}

/** Writes a response as it comes, no faster than the client reads. */
async function send(from: Response, to: ServerResponse): Promise<void> {
  to.writeHead(from.status, Object.fromEntries(from.headers));
  if (!from.body) return void to.end();
  to.flushHeaders();
  for await (const chunk of from.body) {
    if (to.destroyed) break;
    if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  }
  to.end();
}

/** How to answer a JSON POST; null for any request that is not one, or that takes no JSON. */
function mediaOf(request: IncomingMessage): AcceptedMedia | null {
  if (request.method !== 'POST' || request.url !== endpoint) return null;
  const { accept, 'content-type': type, 'content-encoding': encoding } = request.headers;
  if (encoding !== undefined || !isJsonType(type)) return null;
  const media = accept === undefined ? anyMedia : acceptedMediaOf(accept);
  return media.whole?.endsWith('json') ? media : null;
}

function isJsonType(type: string | undefined): boolean {
  return type === 'application/json' || isJsonContent(type ?? null);
}

const anyMedia = acceptedMedia(null);
const knownMedia = new Map<string, AcceptedMedia>();

/** Clients send a handful of Accept headers; each is read once, up to a hundred of them. */
function acceptedMediaOf(accept: string): AcceptedMedia {
  const known = knownMedia.get(accept);
  if (known) return known;
  const media = acceptedMedia(accept);
  if (knownMedia.size < 100 && accept.length < 256) knownMedia.set(accept, media);
  return media;
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
}

function urlOf(request: IncomingMessage): string {
  return `http://${request.headers.host ?? 'localhost'}${request.url}`;
}

const tooLarge: HttpRefusal = {
  status: 413,
  message: 'The request body is too large.',
  headers: { connection: 'close' },
};

/** Hands over the body's text, or why it was not read: too long, or not UTF-8. Silent when the client leaves. */
function readText(
  request: IncomingMessage,
  limitBytes: number,
  done: (text: string | HttpRefusal) => unknown,
): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    request.resume();
    done(tooLarge);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
    else if (size - chunk.length <= limitBytes) done(tooLarge);
  });
  request.once('end', () => {
    if (size > limitBytes) return;
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    let text: string | HttpRefusal;
    try {
      text = utf8.decode(bytes);
    } catch {
      text = { status: 400, message: 'The request body is not UTF-8.' };
    }
    done(text);
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Writes one answer. */
class Reply {
  readonly #response: ServerResponse;
  readonly #type: string;
  readonly #requestId: string;
  #told: Readonly<Record<string, string>> | undefined;

  constructor(response: ServerResponse, type: string, requestId: string) {
    this.#response = response;
    this.#type = type;
    this.#requestId = requestId;
  }

  /** Headers for whatever answer comes. */
  tell(headers: Readonly<Record<string, string>>): void {
    this.#told = headers;
  }

  body(body: Buffer | string, cacheControl: string): void {
    this.#write(200, body, cacheControl);
  }

  single(answer: ExecutionResult): void {
    const ran = 'data' in answer;
    this.#write(ran ? 200 : this.#documentStatus(400), JSON.stringify(answer));
  }

  /** An operation that may not run; its document's own errors are HTTP 200 in `application/json`. */
  refusedOperation({ errors, status, wellFormed, headers }: Refused): void {
    this.#write(
      wellFormed ? this.#documentStatus(status) : status,
      JSON.stringify({ errors }),
      'no-store',
      headers,
    );
  }

  refuse(refusal: HttpRefusal): void {
    this.#write(refusal.status, refusalBody(this.#requestId, refusal), 'no-store', refusal.headers);
  }

  #documentStatus(status: number): number {
    return this.#type === 'application/json' ? 200 : status;
  }

  #write(
    status: number,
    body: string | Buffer,
    cacheControl = 'no-store',
    headers?: Readonly<Record<string, string>>,
  ): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    // A flat list is what node:http writes fastest.
    const list = [
      'content-type',
      `${this.#type}; charset=utf-8`,
      'content-length',
      String(typeof body === 'string' ? Buffer.byteLength(body) : body.length),
      'x-request-id',
      this.#requestId,
      'cache-control',
      cacheControl,
      'vary',
      varyBy,
      ...ownHeaders,
    ];
    for (const more of [this.#told, headers]) {
      for (const name in more) list.push(name, more[name] ?? '');
    }
    response.writeHead(status, list);
    response.end(body);
  }
}

const ownHeaders = Object.entries(answerHeaders)
  .filter(([name]) => name !== 'cache-control')
  .flat();
