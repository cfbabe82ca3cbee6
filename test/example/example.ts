import { type Bff, createServer, type RunningServer, type Viewer } from 'tailorbird';
import { startAirports } from '../../sandbox/airports/airports.ts';
import { startBookings } from '../../sandbox/bookings/bookings.ts';
import { startFlights } from '../../sandbox/flights/flights.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { startTravellers } from '../../sandbox/travellers/travellers.ts';
import { createLogger } from '../../src/server/log.ts';
import { tempDir } from '../sandbox/temp-dir.ts';

export interface Answer {
  readonly status: number;
  readonly data: Record<string, never> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string; readonly backend?: string };
  }[];
}

/** The four real services in this process, on ports of their own. */
export async function startExample() {
  const dir = tempDir();
  const options = { dataDir: dir.path };
  const services = {
    airports: await startAirports(options),
    flights: await startFlights({ ...options, watchSpeed: 200_000 }),
    bookings: await startBookings(options),
    travellers: await startTravellers(options),
  };
  const settings = {
    AIRPORTS_URL: services.airports.url,
    FLIGHTS_URL: services.flights.url,
    BOOKINGS_URL: services.bookings.url,
    TRAVELLERS_URL: services.travellers.url,
  };
  return {
    services,
    settings,
    /** Calls of every service since the last time it was asked. */
    calls(): Record<string, number> {
      const counts = Object.assign({}, ...Object.values(services).map((s) => s.calls.counts()));
      for (const service of Object.values<RunningService>(services)) service.calls.clear();
      return counts as Record<string, number>;
    },
    async close() {
      await Promise.all(Object.values<RunningService>(services).map((service) => service.close()));
      dir[Symbol.dispose]();
    },
  };
}

/** A quiet server of one client; `x-viewer` says who asks. */
export function serve(bff: Bff, settings: Record<string, string>): RunningServer {
  return createServer(bff, {
    settings,
    logger: createLogger({ environment: 'production', level: 'silent' }),
    viewer: (request): Viewer | null => {
      const subject = request.headers.get('x-viewer');
      return subject === null ? null : { subject, scopes: ['bookings.read', 'bookings.write'] };
    },
  });
}

export async function ask(
  server: Pick<RunningServer, 'fetch'>,
  query: string,
  { variables, viewer }: { variables?: object; viewer?: string } = {},
): Promise<Answer> {
  const response = await server.fetch(
    new Request('http://bff/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(viewer === undefined ? {} : { 'x-viewer': viewer }),
      },
      body: JSON.stringify({ query, variables }),
    }),
  );
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}
