import { createServer, defineBff, fakeBackend } from 'tailorbird';
import { expect, onTestFinished, test } from 'vitest';
import { flightsSubschema } from '../../../schemas/flights/index.ts';
import type { GrpcRequest } from '../../../src/backend/backend.ts';
import { listLogger } from '../../support/stub-server.ts';

const departed = (flightId: string) => ({
  flightId,
  origin: 'ATL',
  destination: 'JFK',
  change: 'departed',
});

test('a departure that is the latest and is told of as well comes once', async () => {
  const watched = Promise.withResolvers<void>();
  const flights = fakeBackend({
    // The flight leaves while the subscription begins: both tell of it.
    'flights.v1.Flights/WatchDepartures': async function* () {
      watched.resolve();
      yield { flight: { id: '2' } };
    },
    'flights.v1.Flights/WatchFlights': async function* () {
      await watched.promise;
      yield* ['2', '3', '2'].map(departed);
    },
    'flights.v1.Flights/BatchGetFlights': ({ message }: GrpcRequest<{ ids: string[] }>) => ({
      flights: message.ids.map((id) => ({ id, origin: 'ATL', destination: 'JFK' })),
    }),
  });
  const server = createServer(defineBff({ name: 'test', subschemas: [flightsSubschema] }), {
    settings: {},
    backends: { flights },
    logger: listLogger([]),
  });
  onTestFinished(() => server.close());
  const { url } = await server.listen();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { departures(iata: "ATL") { id } }' }),
  });
  const ids: string[] = [];
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    ids.push(...[...chunk.matchAll(/"id":"(\d+)"/g)].map(([, id = '']) => id));
    if (ids.length >= 3) break;
  }
  // What leaves again later is told again.
  expect(ids).toEqual(['2', '3', '2']);
});
