import { once } from 'node:events';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { AccessRefused, type CallerIdentity, type CheckAccess } from './access-token.ts';
import type { WritableCallLog } from './call-log.ts';
import { freePort } from './listen.ts';
import { startRestServer } from './rest-server.ts';

/** A call that ends with a status other than OK. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: status;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
  }
}

/**
 * One method of the contract: a unary one answers with a message, a streaming one with messages
 * until `signal` aborts.
 */
export type GrpcMethod<Request = unknown> =
  | { readonly unary: (request: Request, caller: CallerIdentity | null) => object }
  | { readonly stream: (request: Request, signal: AbortSignal) => AsyncIterable<object> };

export interface GrpcServer {
  readonly url: string;
  readonly callsUrl: string;
  close(): Promise<void>;
}

const closeGraceMs = 500;

/**
 * Serves one service of a .proto file on loopback, with reflection and health. Beside it, on a port
 * of its own choosing, `GET` and `DELETE /__calls` over HTTP.
 */
export async function startGrpcServer<Methods extends Record<string, GrpcMethod<never>>>(options: {
  readonly port: number;
  readonly proto: string;
  /** Full name, such as `flights.v1.Flights`. */
  readonly service: string;
  readonly methods: Methods;
  readonly calls: WritableCallLog;
  /** Asked who calls, before each unary call. @default nobody asks */
  readonly check?: CheckAccess | null;
}): Promise<GrpcServer> {
  const definitions = loadSync(options.proto, { longs: String, enums: String, defaults: true });
  const health = new HealthImplementation({ '': 'SERVING', [options.service]: 'SERVING' });
  const server = new Server();
  server.addService(serviceOf(definitions, options.service), implement(options));
  new ReflectionService(definitions).addToServer(server);
  health.addToServer(server);

  // grpc-js writes to the console when a port is taken, so ask before it does.
  const free = options.port === 0 ? 0 : await freePort(options.port);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${free}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const admin = await startRestServer({ port: 0, routes: [], calls: options.calls });

  return {
    url: `http://127.0.0.1:${port}`,
    callsUrl: `${admin.url}/__calls`,
    async close() {
      health.setStatus('', 'NOT_SERVING');
      health.setStatus(options.service, 'NOT_SERVING');
      const force = setTimeout(() => server.forceShutdown(), closeGraceMs);
      await Promise.all([
        new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
        admin.close(),
      ]);
      clearTimeout(force);
    },
  };
}

function serviceOf(definitions: ReturnType<typeof loadSync>, name: string): ServiceDefinition {
  const definition = name
    .split('.')
    .reduce<unknown>(
      (level, part) => (level as Record<string, unknown>)[part],
      loadPackageDefinition(definitions),
    );
  return (definition as { service: ServiceDefinition }).service;
}

function implement(options: {
  readonly service: string;
  readonly methods: Record<string, GrpcMethod<never>>;
  readonly calls: WritableCallLog;
  readonly check?: CheckAccess | null;
}): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(options.methods)) {
    const operation = `${options.service}/${name}`;
    const begin = (request: unknown) => options.calls.begin(operation, request);
    // `never` is any method's request here; the contract makes sure of the real one.
    const handler =
      'unary' in method
        ? unary(method.unary, begin, options.check ?? null)
        : stream(method.stream, begin);
    handlers[name] = handler as UntypedServiceImplementation[string];
  }
  return handlers;
}

type Begin = (request: unknown) => (status: string) => void;

function unary(
  answer: (request: never, caller: CallerIdentity | null) => object,
  begin: Begin,
  check: CheckAccess | null,
) {
  const settled = async (call: ServerUnaryCall<never, object>): Promise<Settled> => {
    const finish = begin(call.request);
    try {
      const caller = check && (await check(call.metadata.get('authorization').join(', ')));
      const response = answer(call.request, caller);
      finish('OK');
      return { failure: null, response };
    } catch (error) {
      const failure = statusOf(error);
      finish(status[failure.code]);
      return { failure, response: null };
    }
  };
  return (call: ServerUnaryCall<never, object>, send: sendUnaryData<object>): void => {
    void settled(call).then(({ failure, response }) => send(failure, response));
  };
}

interface Settled {
  readonly failure: { readonly code: status; readonly details: string } | null;
  readonly response: object | null;
}

function stream(
  answers: (request: never, signal: AbortSignal) => AsyncIterable<object>,
  begin: Begin,
) {
  return async (call: ServerWritableStream<never, object>): Promise<void> => {
    const finish = begin(call.request);
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    call.on('close', () => gone.abort());
    try {
      for await (const message of answers(call.request, gone.signal)) {
        if (gone.signal.aborted) break;
        if (!call.write(message)) await once(call, 'drain', { signal: gone.signal });
      }
      finish(gone.signal.aborted ? 'CANCELLED' : 'OK');
      call.end();
    } catch (error) {
      const failure = gone.signal.aborted
        ? { code: status.CANCELLED, details: 'the caller left' }
        : statusOf(error);
      finish(status[failure.code]);
      call.emit('error', failure);
    }
  };
}

function statusOf(error: unknown): { code: status; details: string } {
  if (error instanceof AccessRefused) {
    const code = error.reason === 'no keys' ? status.UNAVAILABLE : status.UNAUTHENTICATED;
    return { code, details: error.message };
  }
  if (error instanceof GrpcError) return { code: error.code, details: error.message };
  console.error(error);
  return { code: status.INTERNAL, details: 'the service failed; its log says why' };
}
