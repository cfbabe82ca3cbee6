/**
 * The floor for the airport page: what one would write by hand over undici and grpc-js. Asks for
 * everything that the code alone identifies at once, then for all destinations together; what
 * fails is null, with an error at its path.
 * Env: `PORT`, `UPSTREAM`, `GRPC_UPSTREAM`.
 */
import { createServer } from 'node:http';
import { type Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Pool } from 'undici';
import { pageQuery } from '../work/page-query.ts';
import { readBody, sendJson } from './body.ts';

interface Airport {
  iata: string;
  name: string;
  city: string;
  state: string;
}

interface Flight {
  id: string;
  departsAt: { seconds: string; nanos: number };
  destination: string;
  distanceMiles: number;
  delayMinutes: number;
}

interface DelayStats {
  origin: string;
  flights: number;
  meanDelayMinutes: number;
  onTimeShare: number;
}

interface Failure {
  message: string;
  path: (string | number)[];
}

type Method = 'BatchListRoutes' | 'BatchListDepartures' | 'BatchGetDelayStats';
type Call = (request: object, done: (error: Error | null, answer: unknown) => void) => void;

const upstream = new Pool(process.env['UPSTREAM'] ?? '', { connections: 64, pipelining: 1 });
const flights = connectFlights();

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  readBody(request, (body) => {
    if (body?.query !== pageQuery) {
      return sendJson(response, 400, { errors: [{ message: 'unknown query' }] });
    }
    page('ATL').then(
      (answer) => sendJson(response, 200, answer),
      () => sendJson(response, 500, { errors: [{ message: 'internal error' }] }),
    );
  });
}).listen(Number(process.env['PORT']), '127.0.0.1');

async function page(iata: string): Promise<{ data: unknown; errors?: Failure[] }> {
  const errors: Failure[] = [];
  const fail = (...path: (string | number)[]) => {
    errors.push({ message: 'upstream is unavailable', path: ['airport', ...path] });
    return null;
  };
  const [airports, routes, departures, delays] = await Promise.all([
    airportsByCode([iata]),
    call<{ routes: { routes: { destination: string; flights: number }[] }[] }>('BatchListRoutes', {
      origins: [iata],
      limit: 10,
    }),
    call<{ departures: { flights: Flight[] }[] }>('BatchListDepartures', {
      origins: [iata],
      pageSize: 50,
    }),
    delaysByCode([iata]),
  ]);
  if (!airports) {
    fail();
    return { data: { airport: null }, errors };
  }
  const airport = airports.get(iata);
  if (!airport) return { data: { airport: null } };

  const found = routes?.routes[0]?.routes ?? [];
  const nodes = departures?.departures[0]?.flights ?? [];
  const places = new Set<string>();
  for (const { destination } of found) places.add(destination);
  const routePlaces = [...places];
  for (const { destination } of nodes) places.add(destination);
  const [destinations, placeDelays] = await Promise.all([
    places.size > 0 ? airportsByCode([...places]) : new Map<string, Airport>(),
    places.size > 0 ? delaysByCode(routePlaces) : new Map<string, DelayStats>(),
  ]);

  const data = {
    airport: {
      name: airport.name,
      city: airport.city,
      routes: routes
        ? found.map(({ flights, destination }, index) => ({
            flights,
            destination: destinations
              ? routeDestination(destination, destinations, placeDelays, index)
              : fail('routes', index, 'destination'),
          }))
        : fail('routes'),
      departures: departures
        ? { nodes: nodes.map((flight, index) => node(flight, destinations, index)) }
        : fail('departures'),
      delays: delays ? stats(delays.get(iata), true) : fail('delays'),
    },
  };
  return errors.length === 0 ? { data } : { data, errors };

  function routeDestination(
    code: string,
    byCode: Map<string, Airport>,
    delaysOf: Map<string, DelayStats> | null,
    index: number,
  ) {
    const place = byCode.get(code);
    if (!place) return null;
    return {
      iata: place.iata,
      name: place.name,
      city: place.city,
      delays: delaysOf
        ? stats(delaysOf.get(code), false)
        : fail('routes', index, 'destination', 'delays'),
    };
  }

  function node(flight: Flight, byCode: Map<string, Airport> | null, index: number) {
    const place = byCode?.get(flight.destination);
    return {
      id: flight.id,
      departsAt: new Date(Number(flight.departsAt.seconds) * 1_000).toISOString(),
      delayMinutes: flight.delayMinutes,
      distanceMiles: flight.distanceMiles,
      destination: byCode
        ? place
          ? { name: place.name, city: place.city, state: place.state }
          : null
        : fail('departures', 'nodes', index, 'destination'),
    };
  }
}

function stats(of: DelayStats | undefined, counted: boolean) {
  if (!of) return null;
  const { flights, meanDelayMinutes, onTimeShare } = of;
  return counted ? { flights, meanDelayMinutes, onTimeShare } : { meanDelayMinutes, onTimeShare };
}

/** Null when the call failed. */
async function airportsByCode(codes: string[]): Promise<Map<string, Airport> | null> {
  try {
    const path = `/airports?ids=${codes.join(',')}`;
    const { statusCode, body } = await upstream.request({ method: 'GET', path });
    const text = await body.text();
    if (statusCode !== 200) return null;
    const { items } = JSON.parse(text) as { items: Airport[] };
    return new Map(items.map((airport) => [airport.iata, airport]));
  } catch {
    return null;
  }
}

async function delaysByCode(origins: string[]): Promise<Map<string, DelayStats> | null> {
  const answer = await call<{ delayStats: DelayStats[] }>('BatchGetDelayStats', { origins });
  return answer && new Map(answer.delayStats.map((of) => [of.origin, of]));
}

/** Null when the call failed. */
function call<Answer>(method: Method, request: object): Promise<Answer | null> {
  return new Promise((resolve) => {
    flights[method](request, (error, answer) => resolve(error ? null : (answer as Answer)));
  });
}

function connectFlights(): Record<Method, Call> {
  const proto = new URL('../../schemas/flights/flights.proto', import.meta.url).pathname;
  const definitions = loadPackageDefinition(
    loadSync(proto, { longs: String, enums: String, defaults: true }),
  ) as unknown as { flights: { v1: { Flights: new (...args: unknown[]) => Client } } };
  const client = new definitions.flights.v1.Flights(
    new URL(process.env['GRPC_UPSTREAM'] ?? '').host,
    credentials.createInsecure(),
  ) as unknown as Record<Method, Call>;
  return {
    BatchListRoutes: client.BatchListRoutes.bind(client),
    BatchListDepartures: client.BatchListDepartures.bind(client),
    BatchGetDelayStats: client.BatchGetDelayStats.bind(client),
  };
}
