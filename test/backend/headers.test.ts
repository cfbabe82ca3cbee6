import type { Metadata } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import type { GrpcApi } from '../../src/backend/grpc-api.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import type { BackendHeaders } from '../../src/backend/headers.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { type Flights, failure, flightsOver, grpcServer, proto } from './grpc-flights.ts';
import { type ContextOptions, contextOver } from './request-context.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const hostile = { traceparent, tracestate: 'a=\u00e9', 'accept-language': 'de\tx' };

/** A flights service that tells what metadata came with each call. */
async function flights(ofBackend?: BackendHeaders, auth?: { readonly audience: string }) {
  const told: Metadata[] = [];
  const { url } = await grpcServer((call, answer) => {
    told.push(call.metadata);
    answer(null, { id: call.request.id });
  });
  const definition = defineGrpcBackend<Flights>({
    name: 'flights',
    endpoints: 'unused:1',
    proto,
    service: 'flights.v1.Flights',
    ...(ofBackend && { headers: ofBackend }),
    ...(auth && { auth }),
  });
  const live = createLiveBackend(definition, { endpoints: [url] });
  onTestFinished(() => live.transport.close());
  return {
    definition,
    told,
    contextOf: (options?: ContextOptions) => contextOver([live], options),
  };
}

const german = { 'accept-language': 'de' };

function flightById(backend: Backend<GrpcApi<Flights>>, scope: 'none' | 'public') {
  return defineBatch(backend, {
    load: (ids: readonly string[], api) =>
      Promise.all(ids.map((id) => api.call('GetFlight', { id }))),
    keyOf: ({ id }) => id,
    cache: scope === 'none' ? { scope } : { scope, ttlMs: 60_000 },
  });
}

describe('a client’s headers', () => {
  it('go on to gRPC as far as it takes them', async () => {
    const { definition, told, contextOf } = await flights();
    const context = contextOf({ headers: hostile, clientName: 'Caf\u00e9' });
    await definition.api(context).call('GetFlight', { id: '7' });
    const metadata = told[0]!.getMap();
    expect(metadata).toMatchObject({ traceparent, 'x-request-id': 'r1' });
    for (const name of ['tracestate', 'accept-language', 'x-client-name']) {
      expect(metadata).not.toHaveProperty(name);
    }
  });

  it('fail nobody who waits for the same', async () => {
    const { definition, told, contextOf } = await flights();
    const batch = flightById(definition, 'public');
    const both = [contextOf({ headers: hostile }), contextOf()];
    const answers = await Promise.all(both.map((context) => batch.load(context, '7')));
    expect(answers).toMatchObject([{ id: '7' }, { id: '7' }]);
    expect(told).toHaveLength(1);
  });
});

describe('the language of who asks', () => {
  it.each([
    ['is told to gRPC by a load of one operation', 'none', 'de', 2],
    ['is not told to gRPC where others get the answer', 'public', undefined, 1],
  ] as const)('%s', async (_case, scope, language, calls) => {
    const { definition, told, contextOf } = await flights();
    const batch = flightById(definition, scope);
    for (const context of [contextOf({ headers: german }), contextOf({ headers: german })]) {
      await batch.load(context, '7');
    }
    expect(told.map((metadata) => metadata.getMap()['accept-language'])).toEqual(
      Array.from({ length: calls }, () => language),
    );
  });

  it('is told to gRPC by a definition that always says the same', async () => {
    const { definition, told, contextOf } = await flights({ 'accept-language': 'en' });
    await flightById(definition, 'public').load(contextOf({ headers: german }), '7');
    expect(told[0]!.getMap()['accept-language']).toBe('en');
  });
});

describe('a gRPC backend refuses, by name and without the value,', () => {
  it.each<[string, Record<string, string>]>([
    ['a value beyond ASCII', { 'x-city': 'Z\u00fcrich' }],
    ['a value with a tab', { 'x-city': 'a\tb' }],
    ['a name that gRPC does not take', { 'x*city': 'a' }],
    ['a name of bytes', { 'x-city-bin': 'a' }],
    ['a name of the protocol', { 'grpc-timeout': '1n' }],
    ['a name of one hop', { Connection: 'close' }],
  ])('%s in the headers of its definition', async (_case, headers) => {
    const { definition, contextOf } = await flights(() => headers);
    const error = await failure(definition.api(contextOf()).call('GetFlight', { id: '7' }));
    const [[name, value] = []] = Object.entries(headers);
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
    expect(error.message).toContain(`the headers of backend "flights" have "${name}"`);
    if (value!.length > 2) expect(error.message).not.toContain(value);
  });

  it('a header of a call', async () => {
    const { definition, contextOf } = await flights();
    const calling = definition
      .api(contextOf())
      .call('GetFlight', { id: '7' }, { idempotencyKey: 'caf\u00e9' });
    expect(await failure(calling)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^a call to backend "flights" has "idempotency-key", which/),
    });
  });

  it('a token, in the record of its call as well', async () => {
    const { definition, contextOf } = await flights(undefined, { audience: 'urn:flights' });
    const context = { ...contextOf(), tokenFor: () => 's\u00e9cret' };
    const error = await failure(definition.api(context).call('GetFlight', { id: '7' }));
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(error.message).toContain(
      'GetFlight was not sent: its header "authorization" is refused',
    );
    expect(error.message).not.toContain('cret');
    expect(context.calls).toMatchObject([{ outcome: 'BAD_USER_INPUT' }]);
  });
});

it('a stream that can’t be opened is over', async () => {
  const { url } = await grpcServer(() => {});
  const { context, definition } = flightsOver(url);
  const untyped = definition.api(context) as unknown as { stream(method: string): unknown };
  expect(() => untyped.stream('WatchNothing')).toThrow('has no method "WatchNothing"');
  expect(context.calls).toMatchObject([{ outcome: 'INTERNAL_SERVER_ERROR' }]);
});
