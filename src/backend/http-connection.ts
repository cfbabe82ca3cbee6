import { Client, type Dispatcher, Pool, buildConnector } from 'undici';
import type { BackendCall } from './backend.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import type { EffectiveBackendPolicy } from './policy.ts';
import { type TlsFiles, TlsMaterial } from './tls.ts';

export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Below the endpoint's own path; empty, or starts with a slash. */
  readonly path: string;
  readonly accept: string;
  readonly body: string | undefined;
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
      const exchange = new HttpExchange(call, this.#maxBytes, resolve, reject);
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
  #dispatcher(call: BackendCall, exchange: HttpExchange): Dispatcher {
    if (call.freshConnection !== true) return this.#pool;
    const client = new Connection(this.#origin, this.#options);
    const destroy = () => void client.destroy();
    exchange.onSettled = destroy;
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
    if (handler instanceof HttpExchange) handler.connection = this;
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
