import { describe, expect, it } from 'vitest';
import { failure, flightsOver, grpcServer } from './grpc-flights.ts';
import { deadPort } from './servers.ts';

const watch = (url: URL) => flightsOver(url).api.stream('WatchDepartures', { originIata: 'ATL' });

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
