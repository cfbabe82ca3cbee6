import { describePlace, placeOfCaller } from '../definition-place.ts';
import { isBackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import type { BackendAuth } from './authorization.ts';
import type { Backend, BackendPolicy, CallHints, RestRequest } from './backend.ts';
import { type CallTarget, makeCall } from './call.ts';
import { checkDefinition } from './check-definition.ts';
import { type BackendHeaders, outgoingHeaders } from './headers.ts';
import { effectivePolicy } from './policy.ts';
import type { AnyPaths, RestApi, RestCallOptions } from './rest-api.ts';
import { PathTemplate, queryString } from './rest-path.ts';
import { restTransport } from './rest-transport.ts';
import { underPolicy } from './resilience/compose.ts';
import { type Setting, literal } from './setting.ts';
import type { TlsFiles } from './tls.ts';

export interface RestBackendOptions {
  /** Named after the service; appears in errors, logs and metrics. */
  readonly name: string;
  /** Where it is reached: `env('AIRPORTS_URL', 'http://127.0.0.1:4101')`, or URLs separated by commas. */
  readonly endpoints: Setting | string;
  /** @default the defaults of `policy.ts` */
  readonly policy?: BackendPolicy;
  /** Sent with each call. @default none */
  readonly headers?: BackendHeaders;
  /** Which access tokens its calls carry: `{ audience: 'urn:travellers' }`. @default none */
  readonly auth?: BackendAuth;
  /** For endpoints with TLS. @default the system's authorities, no certificate of our own */
  readonly tls?: TlsFiles;
}

/**
 * Describes a JSON service over HTTP. `Paths` are the types generated from its contract.
 *
 * Inert: a server resolves its endpoints and opens its connections.
 */
export function defineRestBackend<Paths = AnyPaths>(
  options: RestBackendOptions,
): Backend<RestApi<Paths>> {
  checkDefinition(
    `${describePlace(placeOfCaller(defineRestBackend))}: defineRestBackend`,
    options,
    ['tls'],
  );
  const { name, policy = {} } = options;
  const effective = effectivePolicy({ name, kind: 'rest', policy });
  const wire: Wire = {
    name,
    policy: effective,
    headers: options.headers,
    ...(options.auth && { auth: options.auth }),
    paths: new Map(),
  };
  return {
    name,
    kind: 'rest',
    endpoints: literal(options.endpoints),
    policy,
    ...(options.auth && { auth: options.auth }),
    // The typed surface is checked where it is called; below it every call has one shape.
    api: (context, hints) => new RestCalls(wire, context, hints) as unknown as RestApi<Paths>,
    connect: (endpoints) =>
      underPolicy({
        backend: name,
        endpoints,
        policy: effective,
        connect: (endpoint) => restTransport(endpoint, effective, options.tls),
      }),
  };
}

/** What the calls of one backend share. */
interface Wire extends CallTarget {
  readonly headers: BackendHeaders | undefined;
  /** By path template. */
  readonly paths: Map<string, KnownPath>;
}

/** A path template, and the names of its operations: one text each, that no call builds anew. */
interface KnownPath {
  readonly template: PathTemplate;
  readonly operations: Partial<Record<RestRequest['method'], string>>;
}

interface GivenOptions extends RestCallOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly notFound?: null;
}

const nothing: Readonly<Record<string, never>> = {};

class RestCalls {
  readonly #wire: Wire;
  readonly #context: RequestContext;
  readonly #hints: CallHints | undefined;

  constructor(wire: Wire, context: RequestContext, hints: CallHints | undefined) {
    this.#wire = wire;
    this.#context = context;
    this.#hints = hints;
  }

  get(path: string, given: GivenOptions = nothing): Promise<unknown> {
    const answer = this.#send('GET', path, given);
    if (given.notFound === undefined) return answer;
    return answer.catch((error: unknown) => {
      if (isBackendError(error) && error.code === 'NOT_FOUND') return null;
      throw error;
    });
  }

  post(path: string, given?: GivenOptions): Promise<unknown> {
    return this.#send('POST', path, given);
  }

  put(path: string, given?: GivenOptions): Promise<unknown> {
    return this.#send('PUT', path, given);
  }

  patch(path: string, given?: GivenOptions): Promise<unknown> {
    return this.#send('PATCH', path, given);
  }

  delete(path: string, given?: GivenOptions): Promise<unknown> {
    return this.#send('DELETE', path, given);
  }

  async #send(
    method: RestRequest['method'],
    path: string,
    given: GivenOptions = nothing,
  ): Promise<unknown> {
    const { name, headers, paths } = this.#wire;
    let known = paths.get(path);
    if (known === undefined) {
      paths.set(path, (known = { template: new PathTemplate(path), operations: {} }));
    }
    const { params = nothing, query = nothing, idempotencyKey } = given;
    const own =
      idempotencyKey === undefined
        ? given.headers
        : { ...given.headers, 'idempotency-key': idempotencyKey };
    const planned = {
      operation: (known.operations[method] ??= `${method} ${path}`),
      idempotent: method === 'GET' || idempotencyKey !== undefined,
      request: {
        kind: 'rest',
        method,
        path: known.template.fill(name, params) + queryString(name, query),
        params,
        query,
        body: given.body,
      },
      headers: outgoingHeaders(this.#context, name, headers, own),
    } as const;
    const answer = await makeCall(this.#context, this.#wire, planned, this.#hints);
    return answer.value;
  }
}
