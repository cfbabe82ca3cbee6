import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import {
  readBatch,
  readPageToken,
  readRequired,
  readSize,
  readSkip,
} from '../service/grpc-parameters.ts';
import { GrpcError, startGrpcServer } from '../service/grpc-server.ts';
import { encodePageToken } from '../service/page-token.ts';
import type { RunningService, ServiceOptions } from '../service/service.ts';
import { createFlightChanges, type FlightChanges } from './flight-changes.ts';
import type { Publisher } from './publisher.ts';
import { createReplayClock, type ReplayClock, replay } from './replay.ts';
import { type DeparturePosition, type FlightRow, type FlightStore, openFlights } from './store.ts';

export interface FlightsOptions extends ServiceOptions {
  /**
   * How many times faster than real time `WatchDepartures` replays the data.
   * @default 9000, which lets a flight leave Atlanta about every second
   */
  readonly watchSpeed?: number;
  /** Tells a broker what changes; closed with the service. @default only `WatchFlights` tells */
  readonly publisher?: Publisher | null;
}

const proto = join(import.meta.dirname, '../../schemas/flights/flights.proto');
const defaultWatchSpeed = 9_000;
const maxBatchSize = 200;
const pageSize = { max: 100, fallback: 20 };
const routesLimit = { max: 200, fallback: 10 };

/** Starts the flights service: `schemas/flights/flights.proto` over gRPC. */
export async function startFlights(options: FlightsOptions = {}): Promise<RunningService> {
  const store = openFlights(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('flights', options.print);
  const clock = createReplayClock(options.watchSpeed ?? defaultWatchSpeed);
  const changes = createFlightChanges(store, clock);
  const { publisher } = options;
  if (publisher) changes.listen((change) => publisher.publish(change));
  try {
    const server = await startGrpcServer({
      port: options.port ?? 0,
      proto,
      service: 'flights.v1.Flights',
      methods: methodsOf(store, clock, changes),
      calls,
    });
    return {
      name: 'flights',
      url: server.url,
      callsUrl: server.callsUrl,
      calls,
      async close() {
        changes.close();
        await publisher?.close();
        await server.close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

interface OriginsRequest {
  readonly origins: readonly string[];
}

interface PageRequest {
  readonly origin: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly skip: number;
}

interface UpdateRequest {
  readonly id: string;
  readonly gate?: string;
  readonly delayMinutes?: number;
}

function readGate(gate: string): string {
  if (/^[A-Z\d]{1,4}$/i.test(gate)) return gate.toUpperCase();
  throw new GrpcError(
    status.INVALID_ARGUMENT,
    `gate has to be one to four letters or digits, but is "${gate}"`,
  );
}

function methodsOf(store: FlightStore, clock: ReplayClock, changes: FlightChanges) {
  return {
    GetFlight: {
      unary({ id }: { readonly id: string }) {
        const flight = flightById(store, readRequired('id', id));
        if (flight) return flightMessage(flight);
        throw new GrpcError(status.NOT_FOUND, `no flight has the id "${id}"`);
      },
    },
    BatchGetFlights: {
      /** By id, whatever was asked first: the contract promises no order. */
      unary({ ids }: { readonly ids: readonly string[] }) {
        const flights = readBatch('ids', ids, maxBatchSize)
          .map((id) => flightById(store, id))
          .filter((flight) => flight !== null)
          .sort((left, right) => left.id - right.id);
        return { flights: flights.map(flightMessage) };
      },
    },
    ListDepartures: {
      unary(request: PageRequest) {
        const origin = readRequired('origin', request.origin);
        const token = readPageToken(origin, request.pageToken, ['number', 'number']);
        const after = token && { departsAt: Number(token[0]), id: Number(token[1]) };
        return departuresPage(store, origin, {
          size: readSize('page_size', request.pageSize, pageSize),
          skip: readSkip(request.skip),
          after,
        });
      },
    },
    BatchListDepartures: {
      unary(request: OriginsRequest & { readonly pageSize: number }) {
        const size = readSize('page_size', request.pageSize, pageSize);
        const departures = readBatch('origins', request.origins, maxBatchSize)
          .sort()
          .map((origin) => ({
            origin,
            ...departuresPage(store, origin, { size, skip: 0, after: null }),
          }));
        return { departures: departures.filter(({ flights }) => flights.length > 0) };
      },
    },
    BatchListRoutes: {
      unary(request: OriginsRequest & { readonly limit: number }) {
        const limit = readSize('limit', request.limit, routesLimit);
        const routes = readBatch('origins', request.origins, maxBatchSize)
          .sort()
          .map((origin) => ({ origin, routes: store.routes(origin, limit) }));
        return { routes: routes.filter((entry) => entry.routes.length > 0) };
      },
    },
    BatchGetDelayStats: {
      unary({ origins }: OriginsRequest) {
        const delayStats = readBatch('origins', origins, maxBatchSize)
          .sort()
          .map((origin) => store.delayStats(origin));
        return { delayStats: delayStats.filter((stats) => stats !== null) };
      },
    },
    WatchDepartures: {
      stream: ({ origin }: { readonly origin: string }, signal: AbortSignal) =>
        watch(store, clock, readRequired('origin', origin), signal),
    },
    UpdateFlight: {
      unary(request: UpdateRequest) {
        const id = readRequired('id', request.id);
        const found = flightById(store, id);
        if (!found) throw new GrpcError(status.NOT_FOUND, `no flight has the id "${id}"`);
        const gate = request.gate === undefined ? undefined : readGate(request.gate);
        const updated =
          store.update(found.id, { gate, delayMinutes: request.delayMinutes }) ?? found;
        if (updated.gate !== found.gate) changes.tell(updated, 'gate');
        if (updated.delayMinutes !== found.delayMinutes) changes.tell(updated, 'delayed');
        return flightMessage(updated);
      },
    },
    WatchFlights: {
      stream: (_: unknown, signal: AbortSignal) => changes.watch(signal),
    },
  };
}

async function* watch(store: FlightStore, clock: ReplayClock, origin: string, signal: AbortSignal) {
  const { first, last } = store.span;
  const flights = store.departures(origin, { limit: -1, skip: 0, after: null });
  if (flights.length === 0) {
    throw new GrpcError(status.NOT_FOUND, `no flight leaves from "${origin}"`);
  }
  const events = flights.map((flight) => ({ flight, atSeconds: flight.departsAt - first }));
  for await (const { flight } of replay(events, last - first + 60, clock, signal)) {
    yield { flight: flightMessage(flight) };
  }
}

function flightById(store: FlightStore, id: string): FlightRow | null {
  return /^[1-9]\d{0,14}$/.test(id) ? store.one(Number(id)) : null;
}

function departuresPage(
  store: FlightStore,
  origin: string,
  page: { readonly size: number; readonly skip: number; readonly after: DeparturePosition | null },
) {
  const { size, skip, after } = page;
  const found = store.departures(origin, { limit: size + 1, skip, after });
  const flights = found.slice(0, size);
  const last = found.length > size ? flights.at(-1) : undefined;
  return {
    flights: flights.map(flightMessage),
    nextPageToken: last ? encodePageToken(origin, [last.departsAt, last.id]) : '',
  };
}

function flightMessage(flight: FlightRow) {
  const { id, departsAt, origin, destination, distanceMiles, delayMinutes, gate } = flight;
  return {
    id: String(id),
    departsAt: { seconds: departsAt, nanos: 0 },
    origin,
    destination,
    distanceMiles,
    delayMinutes,
    gate,
  };
}
