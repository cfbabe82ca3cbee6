import { connect } from 'node:net';
import type { Metadata } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { plainEndpoint } from '../../src/backend/endpoint.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { dateToTimestamp, timestampToDate } from '../../src/backend/timestamp.ts';
import { heldAfter, weighDown } from '../support/young-memory.ts';
import { failure, flightsOver, grpcServer, proto } from './grpc-flights.ts';
import { deadPort, http2Server, tcpServer } from './servers.ts';

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

  it.each([{}, { 'grpc-encoding': 'zstd' }])(
    'says what is wrong with a compressed answer of the encoding %j',
    async (encoding) => {
      const url = await http2Server((stream) => {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', ...encoding },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([1, 0, 0, 0, 1, 0]));
      });
      const { api } = flightsOver(url);
      const failed = await failure(api.call('GetFlight', { id: '7' }));
      expect(failed).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', retryable: false });
      expect(failed.message).toBe(
        `flights flights.v1.Flights/GetFlight answered at ${url.host} with a message that is marked as compressed, and no grpc-encoding of gzip or deflate`,
      );
    },
  );

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
