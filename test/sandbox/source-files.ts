import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dataDir = join(import.meta.dirname, '../../sandbox/data');
const read = (file: string) => readFileSync(join(dataDir, file), 'utf8');

/** A flight as the source file has it, beside the id that its position gives it. */
export interface SourceFlight {
  readonly id: number;
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export const sourceFlights = (
  JSON.parse(read('flights-20k.json')) as Omit<SourceFlight, 'id'>[]
).map((flight, index): SourceFlight => ({ id: index + 1, ...flight }));

/** Departures of an airport by time, then id. */
export function departuresOf(origin: string): SourceFlight[] {
  return sourceFlights
    .filter((flight) => flight.origin === origin)
    .sort((left, right) => left.date.localeCompare(right.date) || left.id - right.id);
}

const sourceRoutes = read('flights-airport.csv')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([origin = '', destination = '', count]) => ({
    origin,
    destination,
    flights: Number(count),
  }));

/** Routes from an airport, busiest first, then by destination code. */
export function routesOf(origin: string) {
  return sourceRoutes
    .filter((route) => route.origin === origin)
    .sort((a, b) => b.flights - a.flights || (a.destination < b.destination ? -1 : 1));
}

/** The lines of `airports.csv` as they are, without the header. */
export const sourceAirportLines = read('airports.csv').trim().split('\n').slice(1);
