import { type Dispatcher, Pool } from 'undici';
import { BackendError, type BackendErrorOptions } from '../error.ts';
import type { AnswerHeaders, BackendCall } from './backend.ts';
import { lateError, leftError } from './call.ts';
import type { EffectiveBackendPolicy } from './policy.ts';

export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Below the endpoint's own path; empty, or starts with a slash. */
  readonly path: string;
  readonly accept: string;
  readonly body: string | undefined;
}

/** An answer whose body came whole, within the size cap; of any status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
  readonly bytes: number;
}

/**
 * HTTP/1.1 to one endpoint over a pool of connections.
 *
 * Every call ends by its deadline, however the other side trickles, stalls or hangs, and its
 * socket with it. Redirects are answers like others. No compressed answer is asked for, so none
 * can grow behind the size cap.
 * Fails: BackendError UPSTREAM_UNAVAILABLE | UPSTREAM_TIMEOUT | UPSTREAM_BAD_RESPONSE.
 */
export class HttpConnection {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #maxBytes: number;

  constructor(endpoint: URL, policy: EffectiveBackendPolicy) {
    this.#pool = new Pool(endpoint.origin, {
      connections: policy.maxConnections,
      connect: { timeout: policy.connectTimeoutMs },
      // The deadline of each call does this, to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#basePath = endpoint.pathname.replace(/\/+$/, '');
    this.#maxBytes = policy.maxResponseBytes;
  }

  send(call: BackendCall, request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(call, this.#maxBytes, resolve, reject);
      const headers: Record<string, string> = {
        ...call.headers,
        accept: request.accept,
        'x-request-timeout-ms': String(Math.max(1, Math.floor(call.deadline - performance.now()))),
      };
      if (request.body !== undefined) headers['content-type'] = 'application/json';
      this.#pool.dispatch(
        {
          method: request.method,
          path: this.#basePath + request.path || '/',
          headers,
          body: request.body ?? null,
        },
        exchange,
      );
    });
  }

  /** Whether anything answers HTTP there; never throws. */
  async probe(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#pool.request({
        method: 'HEAD',
        path: `${this.#basePath}/`,
        signal,
      });
      await answer.body.dump();
      return true;
    } catch {
      return false;
    }
  }

  /** Cuts what is under way. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** One request and its answer, as undici reports on it. Settles once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #call: BackendCall;
  readonly #maxBytes: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    call: BackendCall,
    maxBytes: number,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call;
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
    this.#reject = reject;
    const remainingMs = Math.ceil(call.deadline - performance.now());
    this.#timer = setTimeout(() => this.cut(lateError(call)), remainingMs);
    call.signal.addEventListener('abort', this);
  }

  /** The operation's signal: nobody waits any more. */
  handleEvent(): void {
    this.cut(leftError(this.#call));
  }

  /** Fails the call now and gives its socket up; a call still queued is never sent. */
  cut(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#controller?.abort(error instanceof Error ? error : new Error(String(error)));
    this.#reject(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(leftError(this.#call));
  }

  onRequestUpgrade(): void {
    this.cut(this.#error('UPSTREAM_BAD_RESPONSE', 'answered with a protocol upgrade'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: AnswerHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (Number(headers['content-length']) > this.#maxBytes) this.#tooLarge();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#tooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settle();
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 ? first! : Buffer.concat(this.#chunks, this.#bytes);
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      text: body.toString('utf8'),
      bytes: this.#bytes,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#settled) return;
    this.#settle();
    const what = `${cause.message}${cause.message.includes(codeOf(cause)) ? '' : ` (${codeOf(cause)})`}`;
    this.#reject(
      this.#status === 0
        ? this.#error('UPSTREAM_UNAVAILABLE', `failed: ${what}`, cause)
        : this.#error('UPSTREAM_BAD_RESPONSE', `broke off its answer: ${what}`, cause),
    );
  }

  #tooLarge(): void {
    const message = `answered with more than ${this.#maxBytes} bytes`;
    this.cut(this.#error('UPSTREAM_BAD_RESPONSE', message, undefined, false));
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#call.signal.removeEventListener('abort', this);
  }

  #error(
    code: BackendErrorOptions['code'],
    what: string,
    cause?: unknown,
    retryable = true,
  ): BackendError {
    const { backend, operation } = this.#call;
    return new BackendError({
      code,
      backend,
      message: `${backend} ${operation} ${what}`,
      retryable,
      cause,
    });
  }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
