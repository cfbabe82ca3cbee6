import type { ServerResponse } from 'node:http';
import { JsonText } from '../engine/text.ts';
import { type JsonBody, longestText } from '../load/answer-cache.ts';
import type { Refused } from './admission/admission.ts';
import { answerHeaders } from './admission/answer-headers.ts';
import type { FailedRequests } from './failed-requests.ts';
import { varyBy } from './http-handler.ts';
import { type HttpRefusal, refusalBody } from './http-refusal.ts';
import type { WrittenAnswer } from './operation-report.ts';
import type { Reply, ReplyQueue } from './reply-queue.ts';

export interface JsonReplyOptions {
  readonly response: ServerResponse;
  /** The media type of the answer. */
  readonly type: string;
  readonly requestId: string;
  readonly queue: ReplyQueue;
  readonly failed: Pick<FailedRequests, 'answer'>;
}

/** The one answer to a JSON POST. */
export class JsonReply implements Reply {
  readonly #response: ServerResponse;
  readonly #type: string;
  readonly #requestId: string;
  readonly #queue: ReplyQueue;
  readonly #failed: JsonReplyOptions['failed'];
  #told: Readonly<Record<string, string>> | undefined;
  #status = 200;
  #body: JsonBody = noBody;
  #cacheControl = 'no-store';
  #headers: Readonly<Record<string, string>> | undefined;

  constructor({ response, type, requestId, queue, failed }: JsonReplyOptions) {
    this.#response = response;
    this.#type = type;
    this.#requestId = requestId;
    this.#queue = queue;
    this.#failed = failed;
  }

  /** Headers for whatever answer comes. */
  tell(headers: Readonly<Record<string, string>>): void {
    this.#told = headers;
  }

  body(body: JsonBody, cacheControl: string): void {
    this.#send(200, body, cacheControl);
  }

  single({ answer, text }: WrittenAnswer): void {
    const ran = 'data' in answer;
    this.#send(ran ? 200 : this.#documentStatus(400), new JsonText(text));
  }

  /** An operation that may not run; its document's own errors are HTTP 200 in `application/json`. */
  refusedOperation({ errors, status, wellFormed, headers }: Refused): void {
    this.#send(
      wellFormed ? this.#documentStatus(status) : status,
      new JsonText(JSON.stringify({ errors })),
      'no-store',
      headers,
    );
  }

  refuse(refusal: HttpRefusal): void {
    this.#send(
      refusal.status,
      new JsonText(refusalBody(this.#requestId, refusal)),
      'no-store',
      refusal.headers,
    );
  }

  #documentStatus(status: number): number {
    return this.#type === 'application/json' ? 200 : status;
  }

  #send(
    status: number,
    body: JsonBody,
    cacheControl = 'no-store',
    headers?: Readonly<Record<string, string>>,
  ): void {
    this.#status = status;
    this.#body = body;
    this.#cacheControl = cacheControl;
    this.#headers = headers;
    this.#queue.add(this);
  }

  write(): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    try {
      this.#writeTo(response);
    } catch (error) {
      this.#failed.answer(response, error);
    }
  }

  #writeTo(response: ServerResponse): void {
    const body = this.#body;
    // Nobody needs it here any more, while the request may be around for a while.
    this.#body = noBody;
    // A flat list is what node:http writes fastest.
    const list = [
      'content-type',
      `${this.#type}; charset=utf-8`,
      'content-length',
      String(body.byteLength),
      'x-request-id',
      this.#requestId,
      'cache-control',
      this.#cacheControl,
      'vary',
      varyBy,
      ...ownHeaders,
    ];
    for (const more of [this.#told, this.#headers]) {
      for (const name in more) list.push(name, more[name] ?? '');
    }
    response.writeHead(this.#status, list);
    if (body instanceof Buffer) return void response.end(body);
    const text = body.toString();
    // Node allots three bytes a character to UTF-8 and leaves its fast path for that; ASCII it has as it is.
    const encoding = text.length === body.byteLength ? 'latin1' : 'utf8';
    if (body.byteLength <= longestText) response.end(text, encoding);
    else response.end(Buffer.from(text, encoding));
  }
}

const noBody = new JsonText('');

const ownHeaders = Object.entries(answerHeaders)
  .filter(([name]) => name !== 'cache-control')
  .flat();
