import { describePlace, placeOfCaller } from '../definition-place.ts';
import type { RequestContext } from '../request.ts';
import type { BackendAuth } from './authorization.ts';
import type { Backend, BackendPolicy, CallHints } from './backend.ts';
import { type CallTarget, type PlannedCall, makeCall, openStream } from './call.ts';
import { checkDefinition } from './check-definition.ts';
import type { AnyService, GrpcApi, GrpcCallOptions } from './grpc-api.ts';
import { grpcTransport } from './grpc-transport.ts';
import {
  type BackendHeaders,
  grpcMetadata,
  outgoingHeaders,
  sharedGrpcMetadata,
} from './headers.ts';
import { effectivePolicy } from './policy.ts';
import { didYouMean } from './did-you-mean.ts';
import { type ProtoMethod, loadProtoService } from './proto-service.ts';
import { underPolicy } from './resilience/compose.ts';
import { type Setting, literal } from './setting.ts';
import type { TlsFiles } from './tls.ts';

export interface GrpcBackendOptions {
  /** Named after the service; appears in errors, logs and metrics. */
  readonly name: string;
  /** Where it is reached: `env('FLIGHTS_URL', '127.0.0.1:4102')`; `https` and `grpcs` mean TLS. */
  readonly endpoints: Setting | string;
  /** The contract: `new URL('./flights.proto', import.meta.url)`; read when the backend connects. */
  readonly proto: URL;
  /** The service's full name: `flights.v1.Flights`. */
  readonly service: string;
  /** @default the defaults of `policy.ts` */
  readonly policy?: BackendPolicy;
  /** Metadata of each call. @default none */
  readonly headers?: BackendHeaders;
  /** Which access tokens its calls carry: `{ audience: 'urn:travellers' }`. @default none */
  readonly auth?: BackendAuth;
  /** For endpoints with TLS. @default the system's authorities, no certificate of our own */
  readonly tls?: TlsFiles;
}

/**
 * Describes a gRPC service. `Service` is the type generated from its contract.
 *
 * Inert: a server resolves its endpoints, reads the proto file and connects.
 */
export function defineGrpcBackend<Service = AnyService>(
  options: GrpcBackendOptions,
): Backend<GrpcApi<Service>> {
  const place = placeOfCaller(defineGrpcBackend);
  checkDefinition(`${describePlace(place)}: defineGrpcBackend`, options, [
    'proto',
    'service',
    'tls',
  ]);
  const { name, policy = {}, proto, service } = options;
  const effective = effectivePolicy({ name, kind: 'grpc', policy });
  const wire: Wire = {
    name,
    service,
    policy: effective,
    headers: options.headers,
    ...(options.auth && { auth: options.auth }),
  };
  return {
    name,
    kind: 'grpc',
    endpoints: literal(options.endpoints),
    policy,
    ...(options.auth && { auth: options.auth }),
    // The typed surface is checked where it is called; below it every call has one shape.
    api: (context, hints) => new GrpcCalls(wire, context, hints) as unknown as GrpcApi<Service>,
    connect(endpoints) {
      const at = `${describePlace(place)}: backend "${name}"`;
      const methods = loadProtoService(at, proto, service);
      checkOperations(at, service, Object.keys(effective.operations), methods);
      return underPolicy({
        backend: name,
        endpoints,
        policy: effective,
        connect: (endpoint) => grpcTransport(endpoint, methods, effective, options.tls),
      });
    },
  };
}

/** What the calls of one backend share. */
interface Wire extends CallTarget {
  readonly service: string;
  readonly headers: BackendHeaders | undefined;
}

class GrpcCalls {
  readonly #wire: Wire;
  readonly #context: RequestContext;
  readonly #hints: CallHints | undefined;

  constructor(wire: Wire, context: RequestContext, hints: CallHints | undefined) {
    this.#wire = wire;
    this.#context = context;
    this.#hints = hints;
  }

  async call(method: string, message: unknown, options?: GrpcCallOptions): Promise<unknown> {
    const planned = this.#plan(method, message, options);
    const answer = await makeCall(this.#context, this.#wire, planned, this.#hints);
    return answer.value;
  }

  stream(
    method: string,
    message: unknown,
    options?: GrpcCallOptions,
  ): AsyncIterableIterator<unknown> {
    return openStream(this.#context, this.#wire, this.#plan(method, message, options), this.#hints);
  }

  #plan(method: string, message: unknown, options: GrpcCallOptions | undefined): PlannedCall {
    const { name, service, headers } = this.#wire;
    const rule = this.#hints?.isShared === true ? sharedGrpcMetadata : grpcMetadata;
    const key = options?.idempotencyKey;
    const own =
      key === undefined ? options?.headers : { ...options?.headers, 'idempotency-key': key };
    return {
      operation: `${service}/${method}`,
      // The standard read methods of the API Improvement Proposals have no effects.
      idempotent: key !== undefined || /^(Get|List|BatchGet|Search|Watch)([A-Z]|$)/.test(method),
      request: { kind: 'grpc', method, message },
      headers: outgoingHeaders(this.#context, name, headers, own, rule),
    };
  }
}

/** A policy for an operation that the contract lacks would never hold. */
function checkOperations(
  at: string,
  service: string,
  operations: readonly string[],
  methods: ReadonlyMap<string, ProtoMethod>,
): void {
  const known = [...methods.keys()].map((method) => `${service}/${method}`);
  const wrong = operations.find((operation) => !known.includes(operation));
  if (wrong === undefined) return;
  throw new Error(
    `${at}: policy.operations has "${wrong}", which is not in the contract${didYouMean(wrong, known)}`,
  );
}
