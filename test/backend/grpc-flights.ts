import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
  type sendUnaryData,
  loadPackageDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { onTestFinished } from 'vitest';
import type { BackendPolicy } from '../../src/backend/backend.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import type { Timestamp } from '../../src/backend/timestamp.ts';
import { isBackendError } from '../../src/error.ts';
import { type ContextOptions, contextOver } from './request-context.ts';

export interface Flight {
  id: string;
  distanceMiles: string;
  status: string;
  departsAt: Timestamp | null;
  note: string;
}

export interface Flights {
  GetFlight: { request: { id: string }; response: Flight };
  WatchDepartures: { request: { originIata: string }; response: Flight; stream: true };
}

type Unary = (
  call: ServerUnaryCall<{ id: string }, Partial<Flight>>,
  answer: sendUnaryData<Partial<Flight>>,
) => void;
type Stream = (call: ServerWritableStream<{ originIata: string }, Partial<Flight>>) => void;

export const proto = new URL('./flights.proto', import.meta.url);

/** A server of `flights.v1.Flights` that answers as told; gone after the test. */
export async function grpcServer(getFlight: Unary, watchDepartures: Stream = () => {}, port = 0) {
  const definition = loadSync(fileURLToPath(proto), { longs: String, enums: String });
  const { flights } = loadPackageDefinition(definition) as unknown as {
    flights: { v1: { Flights: { service: UntypedServiceImplementation & object } } };
  };
  const server = new Server();
  server.addService(flights.v1.Flights.service as never, {
    GetFlight: getFlight as never,
    WatchDepartures: watchDepartures as never,
  });
  const bound = await new Promise<number>((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, actual) =>
      error ? reject(error) : resolve(actual),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { server, url: new URL(`grpc://127.0.0.1:${bound}`), port: bound };
}

/** The backend over `url`, and one operation's context. */
export function flightsOver(url: URL, options: ContextOptions & { policy?: BackendPolicy } = {}) {
  const definition = defineGrpcBackend<Flights>({
    name: 'flights',
    endpoints: 'unused:1',
    proto,
    service: 'flights.v1.Flights',
    policy: options.policy ?? {},
  });
  const live = createLiveBackend(definition, { endpoints: [url] });
  onTestFinished(() => live.transport.close());
  const context = contextOver([live], options);
  return { api: definition.api(context), context, live, definition };
}

/** What a call that has to fail fails with, and after how long. */
export async function failure(promise: Promise<unknown>) {
  const startedAt = performance.now();
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isBackendError(error)) throw new Error(`expected a BackendError, but got: ${String(error)}`);
  const { code, retryable, message } = error;
  return { code, retryable, message, tookMs: performance.now() - startedAt };
}
