import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
  type sendUnaryData,
  loadPackageDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BackendPolicy } from '../../src/backend/backend.ts';
import { plainEndpoint } from '../../src/backend/endpoint.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { type Timestamp, dateToTimestamp, timestampToDate } from '../../src/backend/timestamp.ts';
import { isBackendError } from '../../src/error.ts';
import { heldAfter, weighDown } from '../support/young-memory.ts';
import { type ContextOptions, contextOver } from './request-context.ts';
import { deadPort, tcpServer } from './servers.ts';

interface Flight {
  id: string;
  distanceMiles: string;
  status: string;
  departsAt: Timestamp | null;
  note: string;
}

interface Flights {
  GetFlight: { request: { id: string }; response: Flight };
  WatchDepartures: { request: { originIata: string }; response: Flight; stream: true };
}

type Unary = (
  call: ServerUnaryCall<{ id: string }, Partial<Flight>>,
  answer: sendUnaryData<Partial<Flight>>,
) => void;
type Stream = (call: ServerWritableStream<{ originIata: string }, Partial<Flight>>) => void;

const proto = new URL('./flights.proto', import.meta.url);

async function grpcServer(getFlight: Unary, watchDepartures: Stream = () => {}, port = 0) {
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

function flightsOver(url: URL, options: ContextOptions & { policy?: BackendPolicy } = {}) {
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

const watch = (url: URL) => flightsOver(url).api.stream('WatchDepartures', { originIata: 'ATL' });

async function failure(promise: Promise<unknown>) {
  const startedAt = performance.now();
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isBackendError(error)) throw new Error(`expected a BackendError, but got: ${String(error)}`);
  const { code, retryable, message } = error;
  return { code, retryable, message, tookMs: performance.now() - startedAt };
}

describe('a gRPC backend', () => {
  it('calls a method: camelCase fields, 64-bit numbers as text, enums by name', async () => {
    const departsAt = new Date('2001-01-10T18:20:00.250Z');
    const { url } = await grpcServer((call, answer) =>
      answer(null, {
        id: call.request.id,
        distanceMiles: '9007199254740993',
        status: 'STATUS_ON_TIME',
        departsAt: dateToTimestamp(departsAt),
      }),
    );
    const { api, context } = flightsOver(url);
    const flight = await api.call('GetFlight', { id: '7' });
    expect(flight).toMatchObject({
      id: '7',
      distanceMiles: '9007199254740993',
      status: 'STATUS_ON_TIME',
      note: '',
    });
    expect(timestampToDate(flight.departsAt!)).toEqual(departsAt);
    expect(context.calls).toMatchObject([
      { backend: 'flights', operation: 'flights.v1.Flights/GetFlight', outcome: 'ok' },
    ]);
    expect(context.calls[0]!.bytes).toBeGreaterThan(10);
  });

  it('sends who asks, the idempotency key, and the time that is left', async () => {
    let metadata: Metadata | undefined;
    let remainingMs = 0;
    const { url } = await grpcServer((call, answer) => {
      metadata = call.metadata;
      remainingMs = Number(call.getDeadline()) - Date.now();
      answer(null, {});
    });
    const { api } = flightsOver(url, { clientName: 'ios', deadlineMs: 350 });
    await api.call('GetFlight', { id: '7' }, { idempotencyKey: 'k1' });
    expect(metadata?.getMap()).toMatchObject({
      'x-request-id': 'r1',
      'x-client-name': 'ios',
      'idempotency-key': 'k1',
    });
    expect(remainingMs).toBeGreaterThan(150);
    expect(remainingMs).toBeLessThanOrEqual(301);
  });

  it.each([
    [3, 'BAD_USER_INPUT', false],
    [5, 'NOT_FOUND', false],
    [6, 'CONFLICT', false],
    [7, 'FORBIDDEN', false],
    [8, 'RATE_LIMITED', true],
    [12, 'UPSTREAM_BAD_RESPONSE', false],
    [13, 'UPSTREAM_UNAVAILABLE', false],
    [14, 'UPSTREAM_UNAVAILABLE', true],
    [16, 'UNAUTHENTICATED', false],
  ])('turns status %i into %s', async (status, code, retryable) => {
    let asked = 0;
    const { url } = await grpcServer((_call, answer) => {
      asked += 1;
      answer({ code: status, details: 'why so' });
    });
    const failed = await failure(flightsOver(url).api.call('GetFlight', { id: '7' }));
    expect(failed).toMatchObject({ code, retryable });
    expect(failed.message).toBe(
      `flights flights.v1.Flights/GetFlight failed with gRPC status ${status} at ${url.host}: why so`,
    );
    expect(asked).toBe(status === 14 ? 2 : 1);
  });

  it('fails soon when nobody listens, and heals when someone does', async () => {
    const dead = await deadPort();
    const { api } = flightsOver(dead, { policy: { retries: 0, breaker: false } });
    const failed = await failure(api.call('GetFlight', { id: '7' }));
    expect(failed).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(failed.message).toBe(
      `flights flights.v1.Flights/GetFlight failed with gRPC status 14 at ${dead.host}: No connection established; last error: connect ECONNREFUSED ${dead.host}`,
    );
    expect(failed.tookMs).toBeLessThan(300);
    await grpcServer(
      (call, answer) => answer(null, { id: call.request.id }),
      () => {},
      Number(dead.port),
    );
    const healed = async (): Promise<unknown> =>
      api.call('GetFlight', { id: '7' }).then(
        ({ id }) => id,
        () => healed(),
      );
    expect(await healed()).toBe('7');
  });

  it('gives up a connection that is not made in time', async () => {
    const url = await tcpServer(() => {}); // accepts, and never speaks HTTP/2
    const { api } = flightsOver(url, { policy: { connectTimeoutMs: 60, retries: 0 } });
    const failed = await failure(api.call('GetFlight', { id: '7' }));
    expect(failed).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(failed.tookMs).toBeLessThan(300);
  });

  it('is cut at its deadline when it hangs', async () => {
    const { url } = await grpcServer(() => {});
    const { api } = flightsOver(url, { policy: { timeoutMs: 80 } });
    const failed = await failure(api.call('GetFlight', { id: '7' }));
    expect(failed).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
    expect(failed.tookMs).toBeGreaterThanOrEqual(75);
    expect(failed.tookMs).toBeLessThan(300);
  });

  it('leaves a connection that leads nowhere, for one that may', async () => {
    const { port } = await grpcServer((call, answer) => answer(null, { id: call.request.id }));
    let passed = false;
    const url = await tcpServer((near) => {
      const far = connect({ port, host: '127.0.0.1' });
      onTestFinished(() => void far.destroy());
      far.on('error', () => near.destroy());
      // The first connection is made, and then loses everything it is sent.
      if (passed) near.pipe(far).pipe(near);
      else far.pipe(near);
      passed = true;
    });
    const policy = { timeoutMs: 60, connectTimeoutMs: 50, breaker: false } as const;
    const { api } = flightsOver(url, { policy });
    const id = async () => (await api.call('GetFlight', { id: '7' })).id;
    await expect(id()).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect.poll(id, { timeout: 5_000 }).toBe('7');
  });

  it('reports a reset as unavailable', async () => {
    const { url, server } = await grpcServer(() => server.forceShutdown());
    const failed = await failure(flightsOver(url).api.call('GetFlight', { id: '7' }));
    expect(failed).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  it('refuses an oversized answer', async () => {
    const { url } = await grpcServer((_call, answer) => answer(null, { note: 'x'.repeat(50_000) }));
    const { api } = flightsOver(url, { policy: { maxResponseBytes: 10_000 } });
    expect(await failure(api.call('GetFlight', { id: '7' }))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: false,
    });
  });

  it('cancels the call within 100 ms when the client leaves', async () => {
    const arrived = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<number>();
    const { url } = await grpcServer((call) => {
      call.on('cancelled', () => cancelled.resolve(performance.now()));
      arrived.resolve();
    });
    const leaving = new AbortController();
    const { api, context } = flightsOver(url, { signal: leaving.signal });
    const failing = failure(api.call('GetFlight', { id: '7' }));
    await arrived.promise;
    const leftAt = performance.now();
    leaving.abort();
    expect((await cancelled.promise) - leftAt).toBeLessThan(100);
    expect(await failing).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(context.calls).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('names the nearest method and service, and a proto file that is missing', async () => {
    const { url } = await grpcServer(() => {});
    const { context, definition } = flightsOver(url);
    const untyped = definition.api(context) as unknown as {
      call(method: string, message: object): Promise<unknown>;
    };
    await expect(untyped.call('GetFligth', {})).rejects.toThrow(
      'backend "flights" has no method "GetFligth"; did you mean "GetFlight"?',
    );
    const wrong = { name: 'flights', endpoints: 'x:1', proto, service: 'flights.v1.Fligths' };
    expect(() => defineGrpcBackend(wrong).connect([plainEndpoint(url)])).toThrow(
      'has no service "flights.v1.Fligths"; did you mean "flights.v1.Flights"?',
    );
    const missing = { ...wrong, proto: new URL('./nowhere.proto', import.meta.url) };
    expect(() => defineGrpcBackend(missing).connect([plainEndpoint(url)])).toThrow(
      /grpc-backend\.test\.ts:\d+: backend "flights": proto names the file ".*nowhere\.proto", which is not there/,
    );
  });

  it('holds no answer back from the collector, though calls that are over are held', async () => {
    const { url } = await grpcServer((_call, answer) => answer(null, {}));
    const { api } = flightsOver(url);
    const some = async (count: number) => {
      for (let asked = 0; asked < count; asked++)
        weighDown(await api.call('GetFlight', { id: '7' }));
    };
    await some(20);
    expect(await heldAfter(() => some(40))).toBeLessThan(10);
  });
});

describe('a gRPC stream', () => {
  it('yields each message, then ends', async () => {
    const { url } = await grpcServer(
      () => {},
      (call) => {
        for (const id of ['1', '2']) call.write({ id: call.request.originIata + id });
        call.end();
      },
    );
    const { api, context } = flightsOver(url);
    const ids: string[] = [];
    for await (const { id } of api.stream('WatchDepartures', { originIata: 'ATL' })) ids.push(id);
    expect(ids).toEqual(['ATL1', 'ATL2']);
    expect(context.calls).toMatchObject([
      { operation: 'flights.v1.Flights/WatchDepartures', outcome: 'ok' },
    ]);
  });

  it('is cancelled upstream when its reader returns while waiting', async () => {
    const cancelled = Promise.withResolvers<void>();
    const { url } = await grpcServer(
      () => {},
      (call) => {
        call.on('cancelled', () => cancelled.resolve());
        call.write({ id: '1' });
      },
    );
    const stream = flightsOver(url).api.stream('WatchDepartures', { originIata: 'ATL' });
    expect((await stream.next()).value).toMatchObject({ id: '1' });
    const waiting = stream.next();
    await stream.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await cancelled.promise;
  });

  it('is cancelled upstream when the client leaves', async () => {
    const cancelled = Promise.withResolvers<void>();
    const { url } = await grpcServer(
      () => {},
      (call) => {
        call.on('cancelled', () => cancelled.resolve());
        call.write({ id: '1' });
      },
    );
    const leaving = new AbortController();
    const { api, context } = flightsOver(url, { signal: leaving.signal });
    const stream = api.stream('WatchDepartures', { originIata: 'ATL' });
    await stream.next();
    leaving.abort();
    expect(await failure(stream.next())).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await cancelled.promise;
    expect(context.calls).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('slows its sender down to the pace of its reader', async () => {
    let sent = 0;
    const full = Promise.withResolvers<void>();
    const { url } = await grpcServer(
      () => {},
      (call) => {
        const more = (): void => {
          while (sent < 10_000) {
            sent += 1;
            if (!call.write({ note: 'x'.repeat(10_000) })) {
              full.resolve();
              call.once('drain', more);
              return;
            }
          }
        };
        more();
      },
    );
    const stream = flightsOver(url).api.stream('WatchDepartures', { originIata: 'ATL' });
    await stream.next();
    await full.promise;
    for (let read = 0; read < 20; read++) await stream.next();
    expect(sent).toBeLessThan(1_000);
    await stream.return?.();
  });

  it('fails with the meaning of its status, and when nobody listens', async () => {
    const { url } = await grpcServer(
      () => {},
      (call) => call.emit('error', { code: 14, details: 'going away' }),
    );
    expect(await failure(watch(url).next())).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(await failure(watch(await deadPort()).next())).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });
});
