import { Client, type Dispatcher, Pool, buildConnector } from 'undici';
import { BackendError, type BackendErrorOptions } from '../error.ts';
import type { AnswerHeaders, BackendCall } from './backend.ts';
import { lateError, leftError } from './call.ts';
import type { EffectiveBackendPolicy } from './policy.ts';
import { type TlsFiles, TlsMaterial } from './tls.ts';
import { type FailureFacts, WireError } from './wire-failure.ts';

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
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #maxBytes: number;
  readonly #healthPath: string | null;
  readonly #tls: TlsMaterial | undefined;

  /** Fails: Error when a TLS file cannot be read. */
  constructor(endpoint: URL, policy: EffectiveBackendPolicy, tls?: TlsFiles) {
    const timeout = policy.connectTimeoutMs;
    if (endpoint.protocol === 'https:') this.#tls = new TlsMaterial(tls ?? {});
    this.#origin = endpoint.origin;
    this.#options = {
      connect: this.#tls === undefined ? { timeout } : reloadingConnector(this.#tls, timeout),
      allowH2: false,
      // The deadline of each call does this, to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#pool = new Pool(endpoint.origin, {
      ...this.#options,
      connections: policy.maxConnections,
      factory: (origin, options) => new Connection(origin, options),
    });
    this.#basePath = endpoint.pathname.replace(/\/+$/, '');
    this.#maxBytes = policy.maxResponseBytes;
    this.#healthPath = policy.healthCheck === false ? null : policy.healthCheck.path;
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
      this.#dispatcher(call, exchange).dispatch(
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

  /** Whether the health path answers well, or without one anything answers HTTP there; never throws. */
  async probe(signal: AbortSignal): Promise<boolean> {
    const path = this.#healthPath;
    try {
      const answer = await this.#pool.request({
        method: path === null ? 'HEAD' : 'GET',
        path: this.#basePath + (path ?? '/'),
        signal,
      });
      await answer.body.dump();
      return path === null || (answer.statusCode >= 200 && answer.statusCode <= 299);
    } catch {
      return false;
    }
  }

  /** Cuts what is under way. */
  close(): Promise<void> {
    this.#tls?.close();
    return this.#pool.destroy();
  }

  /** The pool, or a connection of the call's own that ends with it. */
  #dispatcher(call: BackendCall, exchange: Exchange): Dispatcher {
    if (call.freshConnection !== true) return this.#pool;
    const client = new Connection(this.#origin, this.#options);
    exchange.onSettled = () => void client.destroy();
    return client;
  }
}

/** One connection at a time to the same place, which knows whether it was used before. */
class Connection extends Client {
  /** Requests that its present socket has carried. */
  carried = 0;

  constructor(origin: string | URL, options: object) {
    super(origin, options);
    this.on('connect', () => {
      this.carried = 0;
    });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (handler instanceof Exchange) handler.connection = this;
    return super.dispatch(options, handler);
  }
}

/** Connects with the certificates that are current then. */
function reloadingConnector(tls: TlsMaterial, timeout: number): buildConnector.connector {
  const build = () =>
    buildConnector({ ...tls.options, timeout, allowH2: false, minVersion: 'TLSv1.2' });
  let connector = build();
  tls.onChange = () => {
    connector = build();
  };
  return (options, callback) => connector(options, callback);
}

/** One request and its answer, as undici reports on it. Settles once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #call: BackendCall;
  readonly #maxBytes: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  /** What carries it; set once it has been given one. */
  connection: Connection | undefined;
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
      text: body.toString('utf8'),
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
    this.#call.signal.removeEventListener('abort', this);
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

/** Errors of a connection that ended under its request. */
const resets: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
