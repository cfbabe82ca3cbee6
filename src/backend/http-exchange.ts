import type { Dispatcher } from 'undici';
import type { BackendError, BackendErrorOptions } from '../error.ts';
import type { AnswerHeaders, BackendCall } from './backend.ts';
import { lateError, leftError } from './call.ts';
import { type FailureFacts, WireError } from './wire-failure.ts';

/** An answer whose body came whole, within the size cap; of any status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Not to be changed. */
  readonly body: Buffer;
  readonly bytes: number;
}

/** One request and its answer, as undici reports on it. Settles once. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #call: BackendCall;
  readonly #maxBytes: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  /** What carries it; set once it has been given one. */
  connection: { carried: number } | undefined;
  onSettled: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #reused = false;
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
    this.#timer = setTimeout(() => this.#late(), timerMs(call.deadline - performance.now()));
    call.signal.addEventListener('abort', this.#leave);
  }

  /** Nobody waits any more. A function: for an object with `handleEvent` Node makes an async one each time. */
  readonly #leave = (): void => this.cut(leftError(this.#call));

  /** After a pause of our own, timers come before what has arrived meanwhile: that gets its turn first. */
  #late(): void {
    const cut = (): void => this.cut(lateError(this.#call));
    if (performance.now() - this.#call.deadline > 5) setImmediate(cut);
    else cut();
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
    if (this.connection !== undefined) this.#reused = this.connection.carried++ > 0;
    if (this.#settled) controller.abort(leftError(this.#call));
  }

  onRequestUpgrade(): void {
    this.cut(this.#error('UPSTREAM_BAD_RESPONSE', 'answered with a protocol upgrade', {}));
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
      body,
      bytes: this.#bytes,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#settled) return;
    this.#settle();
    const code = codeOf(cause);
    const what = `${cause.message}${cause.message.includes(code) ? '' : ` (${code})`}`;
    if (this.#status !== 0) {
      const message = `broke off its answer: ${what}`;
      this.#reject(this.#error('UPSTREAM_BAD_RESPONSE', message, { blamed: true }, cause));
      return;
    }
    const unsent = this.#controller === undefined;
    const reset = !unsent && resets.has(code);
    const staleConnection = reset && this.#reused;
    this.#reject(
      this.#error(
        'UPSTREAM_UNAVAILABLE',
        `failed: ${what}`,
        { unsent, transient: unsent || reset, staleConnection, blamed: !staleConnection },
        cause,
      ),
    );
  }

  #tooLarge(): void {
    const message = `answered with more than ${this.#maxBytes} bytes`;
    this.cut(this.#error('UPSTREAM_BAD_RESPONSE', message, {}, undefined, false));
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#call.signal.removeEventListener('abort', this.#leave);
    this.onSettled?.();
  }

  #error(
    code: BackendErrorOptions['code'],
    what: string,
    facts: Partial<FailureFacts>,
    cause?: unknown,
    retryable = true,
  ): BackendError {
    const { backend, operation } = this.#call;
    const message = `${backend} ${operation} ${what}`;
    return new WireError({ code, backend, message, retryable, cause }, facts);
  }
}

/** A little late for long waits: node keeps a list for each length, and makes one where there is none. */
function timerMs(remainingMs: number): number {
  const step = remainingMs > 250 ? 10 : 1;
  return Math.ceil(remainingMs / step) * step;
}

/** Errors of a connection that ended under its request. */
const resets: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
