import { describe, expect, it } from 'vitest';
import type { GrpcRequest } from '../../src/backend/backend.ts';
import { fakeBackend } from '../../src/backend/fake-backend.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { BackendError } from '../../src/error.ts';
import { contextOver } from './request-context.ts';

const airports = defineRestBackend({
  name: 'airports',
  endpoints: 'http://unused',
  policy: { timeoutMs: 60 },
});
const proto = new URL('./flights.proto', import.meta.url);
const flights = defineGrpcBackend({
  name: 'flights',
  endpoints: 'unused:1',
  proto,
  service: 'flights.v1.Flights',
});

describe('a fake backend', () => {
  it('answers by operation, and records calls as a wire would', async () => {
    const fake = fakeBackend({
      'GET /airports/{iata}': async ({ params, query }) => ({ ...params, ...query }),
    });
    const context = contextOver([createLiveBackend(airports, { transport: fake })]);
    const options = { params: { iata: 'ATL' }, query: { full: true } };
    expect(await airports.api(context).get('/airports/{iata}', options)).toEqual({
      iata: 'ATL',
      full: true,
    });
    expect(fake.calls).toMatchObject([
      { operation: 'GET /airports/{iata}', request: { path: '/airports/ATL?full=true' } },
    ]);
    expect(context.calls).toMatchObject([{ operation: 'GET /airports/{iata}', outcome: 'ok' }]);
  });

  it('fails as its handler does, and at the deadline', async () => {
    const error = new BackendError({ code: 'NOT_FOUND', backend: 'airports', message: 'gone' });
    const fake = fakeBackend({
      'GET /gone': () => {
        throw error;
      },
      'GET /never': () => new Promise(() => {}),
    });
    const context = contextOver([createLiveBackend(airports, { transport: fake })]);
    const api = airports.api(context);
    await expect(api.get('/gone')).rejects.toBe(error);
    await expect(api.get('/never')).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(context.calls.map(({ outcome }) => outcome)).toEqual(['NOT_FOUND', 'UPSTREAM_TIMEOUT']);
  });

  it('streams what its handler yields', async () => {
    const fake = fakeBackend({
      'flights.v1.Flights/WatchDepartures': ({ message }: GrpcRequest<{ iata: string }>) => [
        message.iata,
        2,
      ],
    });
    const context = contextOver([createLiveBackend(flights, { transport: fake })]);
    const values: unknown[] = [];
    const stream = flights.api(context).stream('WatchDepartures', { iata: 'ATL' });
    for await (const value of stream) values.push(value);
    expect(values).toEqual(['ATL', 2]);
    expect(context.calls).toMatchObject([{ outcome: 'ok' }]);
  });

  it('ends a stream at once when its reader returns, or the client leaves', async () => {
    const fake = fakeBackend({
      'flights.v1.Flights/WatchDepartures': async function* () {
        yield 1;
        await new Promise(() => {});
      },
    });
    const live = createLiveBackend(flights, { transport: fake });
    const leaving = new AbortController();
    const [returning, left] = [
      contextOver([live]),
      contextOver([live], { signal: leaving.signal }),
    ];
    const streams = [returning, left].map((context) =>
      flights.api(context).stream('WatchDepartures', {}),
    );
    for (const stream of streams) expect((await stream.next()).value).toBe(1);
    const waiting = streams.map((stream) => stream.next());
    await streams[0]!.return?.();
    expect(await waiting[0]).toEqual({ done: true, value: undefined });
    leaving.abort();
    await expect(waiting[1]).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect([...returning.calls, ...left.calls].map(({ outcome }) => outcome)).toEqual([
      'ok',
      'cancelled',
    ]);
  });

  it('names the nearest operation for one that it does not know', async () => {
    const fake = fakeBackend({ 'GET /airports': () => [] });
    const api = airports.api(contextOver([createLiveBackend(airports, { transport: fake })]));
    await expect(api.get('/airport')).rejects.toThrow(
      'fake backend "airports" has no "GET /airport"; did you mean "GET /airports"?',
    );
    await expect(api.delete('/x')).rejects.toThrow(
      'fake backend "airports" has no "DELETE /x"; it has: GET /airports',
    );
  });
});
