import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSeeded, sourceDir } from '../service/database.ts';
import { readCsv } from '../service/read-csv.ts';

/** A flight as stored; `departsAt` in seconds since 1970. */
export interface FlightRow {
  readonly id: number;
  readonly departsAt: number;
  readonly origin: string;
  readonly destination: string;
  readonly distanceMiles: number;
  readonly delayMinutes: number;
  /** Empty while it is not known. */
  readonly gate: string;
}

export interface RouteRow {
  readonly origin: string;
  readonly destination: string;
  readonly flights: number;
}

export interface DelayStatsRow {
  readonly origin: string;
  readonly flights: number;
  readonly meanDelayMinutes: number;
  readonly onTimeShare: number;
}

/** The sort key of departures: time, then id. */
export type DeparturePosition = Pick<FlightRow, 'departsAt' | 'id'>;

export interface FlightStore {
  one(id: number): FlightRow | null;
  /** By departure time, then id, after `after`. */
  departures(
    origin: string,
    page: {
      readonly limit: number;
      readonly skip: number;
      readonly after: DeparturePosition | null;
    },
  ): FlightRow[];
  /** Busiest first, then by destination code. */
  routes(origin: string, limit: number): RouteRow[];
  /** Null when nothing leaves from the airport. */
  delayStats(origin: string): DelayStatsRow | null;
  /** All flights, by departure time, then id. */
  all(): FlightRow[];
  /** Changes what is given; null when no flight has the id. */
  update(
    id: number,
    change: { readonly gate?: string | undefined; readonly delayMinutes?: number | undefined },
  ): FlightRow | null;
  /** When the first and the last flight of all leave, in seconds since 1970. */
  readonly span: { readonly first: number; readonly last: number };
  close(): void;
}

/** A flight less late than this is on time, in minutes. */
const onTimeBelowMinutes = 15;

/** Opens the flights, seeding them from `flights-20k.json` and `flights-airport.csv` on the first start. */
export function openFlights(dataDir: string): FlightStore {
  const database = openSeeded({ dataDir, name: 'flights', version: 1, seed });
  // Beside the seed, so that a database from before there were gates is as good.
  database.exec(
    'CREATE TABLE IF NOT EXISTS gates (flight_id INTEGER PRIMARY KEY, gate TEXT NOT NULL)',
  );
  const flightColumns = `id, departs_at AS departsAt, origin, destination,
    distance_miles AS distanceMiles, delay_minutes AS delayMinutes,
    coalesce((SELECT gate FROM gates WHERE flight_id = id), '') AS gate`;
  const byId = database.prepare(`SELECT ${flightColumns} FROM flights WHERE id = ?`);
  const everyFlight = database.prepare(
    `SELECT ${flightColumns} FROM flights ORDER BY departs_at, id`,
  );
  const setGate = database.prepare(
    'INSERT INTO gates VALUES (?, ?) ON CONFLICT DO UPDATE SET gate = excluded.gate',
  );
  const setDelay = database.prepare('UPDATE flights SET delay_minutes = ? WHERE id = ?');
  const countAgain = database.prepare(`
    UPDATE delay_stats SET (mean_delay_minutes, on_time_share) = (
      SELECT avg(delay_minutes), avg(delay_minutes < ${onTimeBelowMinutes})
      FROM flights WHERE flights.origin = delay_stats.origin)
    WHERE origin = ?`);
  const byOrigin = database.prepare(`
    SELECT ${flightColumns} FROM flights
    WHERE origin = ? AND (departs_at, id) > (?, ?)
    ORDER BY departs_at, id LIMIT ? OFFSET ?`);
  const routesFrom = database.prepare(`
    SELECT origin, destination, flights FROM routes
    WHERE origin = ? ORDER BY flights DESC, destination LIMIT ?`);
  const statsOf = database.prepare(`
    SELECT origin, flights, mean_delay_minutes AS meanDelayMinutes, on_time_share AS onTimeShare
    FROM delay_stats WHERE origin = ?`);
  const span = database
    .prepare('SELECT min(departs_at) AS first, max(departs_at) AS last FROM flights')
    .get();

  // The casts below: each statement's columns are the fields of its row type.
  const one = (id: number) => (byId.get(id) as FlightRow | undefined) ?? null;
  return {
    one,
    all: () => everyFlight.all() as unknown[] as FlightRow[],
    update(id, { gate, delayMinutes }) {
      const flight = one(id);
      if (flight === null) return null;
      if (gate !== undefined) setGate.run(id, gate);
      if (delayMinutes !== undefined) {
        setDelay.run(delayMinutes, id);
        countAgain.run(flight.origin);
      }
      return one(id);
    },
    departures: (origin, { limit, skip, after }) =>
      byOrigin.all(
        origin,
        after?.departsAt ?? -1,
        after?.id ?? 0,
        limit,
        skip,
      ) as unknown[] as FlightRow[],
    routes: (origin, limit) => routesFrom.all(origin, limit) as unknown[] as RouteRow[],
    delayStats: (origin) => (statsOf.get(origin) as DelayStatsRow | undefined) ?? null,
    span: span as unknown as FlightStore['span'],
    close: () => database.close(),
  };
}

interface SourceFlight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

function seed(database: Parameters<Parameters<typeof openSeeded>[0]['seed']>[0]): void {
  database.exec(`
    CREATE TABLE flights (
      id INTEGER PRIMARY KEY, departs_at INTEGER NOT NULL, origin TEXT NOT NULL,
      destination TEXT NOT NULL, distance_miles INTEGER NOT NULL, delay_minutes INTEGER NOT NULL);
    CREATE TABLE routes (
      origin TEXT NOT NULL, destination TEXT NOT NULL, flights INTEGER NOT NULL,
      PRIMARY KEY (origin, destination)) WITHOUT ROWID;
    CREATE TABLE delay_stats (
      origin TEXT PRIMARY KEY, flights INTEGER NOT NULL, mean_delay_minutes REAL NOT NULL,
      on_time_share REAL NOT NULL) WITHOUT ROWID;`);

  // The file is fixed and its shape is in data/README.md.
  const flights = JSON.parse(
    readFileSync(join(sourceDir, 'flights-20k.json'), 'utf8'),
  ) as SourceFlight[];
  const insertFlight = database.prepare('INSERT INTO flights VALUES (?, ?, ?, ?, ?, ?)');
  for (const [index, flight] of flights.entries()) {
    const { origin, destination, distance, delay } = flight;
    insertFlight.run(index + 1, secondsOf(flight.date), origin, destination, distance, delay);
  }

  const insertRoute = database.prepare('INSERT INTO routes VALUES (?, ?, ?)');
  const routesFile = join(sourceDir, 'flights-airport.csv');
  for (const route of readCsv(routesFile, ['origin', 'destination', 'count'])) {
    insertRoute.run(route.origin, route.destination, Number(route.count));
  }

  database.exec(`
    INSERT INTO delay_stats
    SELECT origin, count(*), avg(delay_minutes), avg(delay_minutes < ${onTimeBelowMinutes})
    FROM flights GROUP BY origin;
    CREATE INDEX flights_by_origin ON flights (origin, departs_at, id);
    CREATE INDEX routes_by_traffic ON routes (origin, flights DESC, destination);`);
}

/** `2001/01/01 00:47`, taken as UTC, in seconds since 1970. */
function secondsOf(date: string): number {
  const ms = Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`);
  if (Number.isNaN(ms)) throw new Error(`"${date}" in flights-20k.json is not a time`);
  return ms / 1_000;
}
