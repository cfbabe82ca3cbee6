import { type AuthDefinition, type Bff, createServer, type RunningServer } from 'tailorbird';
import { startBookings } from '../../../sandbox/bookings/bookings.ts';
import { startIdentity } from '../../../sandbox/identity/identity.ts';
import type { RunningService } from '../../../sandbox/service/service.ts';
import { startTravellers } from '../../../sandbox/travellers/travellers.ts';
import { type LoggedLine, listLogger } from '../../support/stub-server.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';

/** The provider and the two services that ask for tokens, in this process. */
export async function startProtected(options: { accessTokenSeconds?: number } = {}) {
  const dir = tempDir();
  const { accessTokenSeconds = 300 } = options;
  let identity = await startIdentity({ dataDir: dir.path, accessTokenSeconds });
  const issuer = identity.url;
  const travellers = await startTravellers({ dataDir: dir.path, issuer });
  const bookings = await startBookings({ dataDir: dir.path, issuer });
  const all = (): RunningService[] => [identity, travellers, bookings];
  return {
    issuer,
    /** Calls of every service since the last time it was asked. */
    calls(): Record<string, number> {
      const counts = Object.assign({}, ...all().map((service) => service.calls.counts()));
      for (const service of all()) service.calls.clear();
      return counts as Record<string, number>;
    },
    settings: {
      OIDC_ISSUER: issuer,
      TRAVELLERS_URL: travellers.url,
      BOOKINGS_URL: bookings.url,
    } as Record<string, string>,
    stopIdentity: () => identity.close(),
    async startIdentity() {
      const port = Number(new URL(issuer).port);
      identity = await startIdentity({ dataDir: dir.path, accessTokenSeconds, port });
    },
    async close() {
      await Promise.allSettled(all().map((service) => service.close()));
      dir[Symbol.dispose]();
    },
  };
}

export type Protected = Awaited<ReturnType<typeof startProtected>>;

export interface ListeningServer extends RunningServer {
  readonly url: string;
  readonly origin: string;
  readonly log: LoggedLine[];
}

/** A bff on a port of its own. */
export async function listening(
  bff: Bff,
  auth: AuthDefinition,
  settings: Record<string, string>,
): Promise<ListeningServer> {
  const log: LoggedLine[] = [];
  const server = createServer(bff, {
    auth,
    settings,
    environment: 'development',
    logger: listLogger(log),
  });
  const { url } = await server.listen();
  return { ...server, url, origin: new URL(url).origin, log };
}

export interface Answer {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly backend?: string };
  }[];
}

export async function ask(
  url: string,
  query: string,
  headers: Record<string, string> = {},
  send: (url: string, init: RequestInit) => Promise<Response> = fetch,
): Promise<Answer> {
  const response = await send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}
