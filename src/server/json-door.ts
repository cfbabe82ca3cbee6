import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientIdentity, Viewer } from '../request.ts';
import {
  type Admit,
  type Admitted,
  isRefused,
  type OperationRequest,
  type Refused,
} from './admission/admission.ts';
import { type Gate, isPrefetch } from './admission/gate.ts';
import type { Auth } from './auth/auth.ts';
import { endpoint } from './endpoint.ts';
import type { FailedRequests } from './failed-requests.ts';
import { eventsNotAccepted, type HttpRefusal } from './http-refusal.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { JsonReply } from './json-reply.ts';
import type { Limits } from '../limits.ts';
import { type AcceptedMedia, acceptedMedia, isJsonContent } from './media-types.ts';
import type { Caller, Outcome, RunOperation } from './operations.ts';
import type { RefusalLog } from './refusal-log.ts';
import { RepeatedBodies } from './repeated-bodies.ts';
import { ReplyQueue } from './reply-queue.ts';
import { isHttpRefusal, readIncoming } from './request-body.ts';
import { clientIdentityOf, requestIdOf } from './request-identity.ts';

export interface JsonDoorOptions {
  readonly limits: Limits;
  readonly admit: Admit<unknown>;
  readonly gate: Gate;
  readonly run: RunOperation;
  readonly viewer: (request: IncomingRequest) => Viewer | null | Promise<Viewer | null>;
  readonly auth?: Auth | undefined;
  /** Told of requests that never became operations. */
  readonly refused: RefusalLog;
  /** What becomes of requests in which something is thrown. */
  readonly failed: FailedRequests;
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
  const { limits, admit, run, auth, refused, failed, elsewhere } = options;
  const bodies = new RepeatedBodies();
  const queue = new ReplyQueue();

  return (request: IncomingMessage, response: ServerResponse): unknown => {
    const media = mediaOf(request);
    if (media === null) return elsewhere(request, response);
    const asked = new JsonPost(request, response, media, queue, options);
    const refuse = (refusal: HttpRefusal) => {
      refused({ requestId: asked.requestId, status: refusal.status, reason: refusal.message });
      asked.reply.refuse(refusal);
    };
    const refusal = auth?.guard(asked) ?? null;
    if (refusal) return refuse(refusal);
    return readIncoming(request, limits.bodyLimitBytes, (text) => {
      failed.guard(response, () => {
        const operation = typeof text === 'string' ? bodies.operationIn(text) : text;
        return isHttpRefusal(operation)
          ? refuse(operation)
          : answer(operation, text as string, asked); // what an operation was read from
      });
    });
  };

  function answer(operation: OperationRequest, text: string, asked: JsonPost): unknown {
    const { media, requestId } = asked;
    const admission = admit(operation, requestId);
    if (
      !isRefused(admission) &&
      (admission.type === 'subscription' || (admission.inParts && media.parts !== null))
    ) {
      return inParts(text, asked);
    }
    const outcome = run(operation, asked, admission);
    return outcome instanceof Promise
      ? outcome.then((late) => asked.answer(late))
      : asked.answer(outcome);
  }

  /** The body goes on as it came: written anew, a number too large for ours would be null. */
  async function inParts(body: string, asked: JsonPost): Promise<void> {
    const { request, response } = asked;
    const again = new Request(asked.url, {
      method: 'POST',
      headers: Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      ),
      body,
      signal: asked.signal,
    });
    return send(await elsewhere.fetch(again, { res: response }), response);
  }
}

/**
 * A JSON POST, as the session's rules see it and as who asks for its operation. One shape for all of
 * them, with what is seldom read made when it is.
 */
class JsonPost implements IncomingRequest, Caller {
  readonly method = 'POST';
  readonly transport = 'http';
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly media: AcceptedMedia;
  readonly headers: IncomingRequest['headers'];
  readonly requestId: string;
  readonly client: ClientIdentity;
  readonly reply: JsonReply;
  readonly #options: Pick<JsonDoorOptions, 'gate' | 'viewer' | 'failed'>;
  #left: AbortController | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    media: AcceptedMedia,
    queue: ReplyQueue,
    options: Pick<JsonDoorOptions, 'gate' | 'viewer' | 'failed'>,
  ) {
    this.request = request;
    this.response = response;
    this.media = media;
    this.headers = new RequestHeaders(request);
    this.requestId = requestIdOf(this.headers);
    this.client = clientIdentityOf(this.headers);
    this.reply = new JsonReply({
      response,
      type: media.whole ?? 'application/json',
      requestId: this.requestId,
      queue,
      failed: options.failed,
    });
    this.#options = options;
  }

  get url(): string {
    return urlOf(this.request);
  }

  get address(): string {
    return this.#options.gate.address(this.request);
  }

  get isPrefetch(): boolean {
    return isPrefetch(this.headers);
  }

  /** What is answered at once never asks, and then nothing listens. */
  get signal(): AbortSignal {
    if (this.#left === undefined) {
      this.#left = new AbortController();
      if (this.response.destroyed) this.#leave();
      else this.response.once('close', this.#leave);
    }
    return this.#left.signal;
  }

  viewer(): Viewer | null | Promise<Viewer | null> {
    return this.#options.viewer(this);
  }

  tell(headers: Readonly<Record<string, string>>): void {
    this.reply.tell(headers);
  }

  carries({ type }: Pick<Admitted<unknown>, 'type'>): Refused | { readonly incremental: boolean } {
    return type === 'subscription' ? eventsNotAccepted(this.requestId) : inOnePiece;
  }

  /** From now on it does not matter whether the client leaves. */
  answer(outcome: Outcome): void {
    if (this.#left !== undefined) this.response.off('close', this.#leave);
    if (outcome.kind === 'body') this.reply.body(outcome.body, outcome.cacheControl);
    else if (outcome.kind === 'refused') this.reply.refusedOperation(outcome.refused);
    else if (outcome.kind === 'single') this.reply.single(outcome);
    else throw new Error(`a JSON POST was answered with ${outcome.kind}`);
  }

  readonly #leave = (): void =>
    this.#left?.abort(new DOMException('the client left', 'AbortError'));
}

const inOnePiece = { incremental: false } as const;

class RequestHeaders {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get(name: string): string | null {
    const value = this.#request.headers[name];
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
  }

  has(name: string): boolean {
    return this.#request.headers[name] !== undefined;
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

function urlOf(request: IncomingMessage): string {
  return `http://${request.headers.host ?? 'localhost'}${request.url}`;
}
