import type { ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { LiveBackend } from '../backend/backend.ts';
import type { EventsHost, LiveEvents } from '../events/live-events.ts';
import { AnswerCache } from '../load/answer-cache.ts';
import { createCaches } from '../load/caches.ts';
import type { SharedStore } from '../load/shared-store.ts';
import type { Viewer } from '../request.ts';
import { createTelemetry, type TraceExport } from '../telemetry/telemetry.ts';
import { createAdminDoor } from './admin/admin-door.ts';
import { deadLetterRoute } from './admin/dead-letters.ts';
import { createStaffExplorer } from './admin/staff-explorer.ts';
import { webhookConsumerRoute } from './admin/webhook-consumers.ts';
import { createAdminServer } from './admin-server.ts';
import { createAdmission } from './admission/admission.ts';
import { createArrivals } from './admission/arrivals.ts';
import { createGate } from './admission/gate.ts';
import { inTurn } from './admission/in-turn.ts';
import { createLoadShedding, type LoadShedding } from './admission/load-shedding.ts';
import { createOrigins } from './admission/origins.ts';
import { createRateLimit } from './admission/rate-limit.ts';
import { assertSafeStart, switchedOff } from './admission/safe-start.ts';
import type { SharedCounts } from './admission/shared-buckets.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed } from './composed.ts';
import { createHttpHandler, endpoint } from './http-handler.ts';
import { createHttpServer } from './http-server.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { createJobsHost } from './jobs-host.ts';
import { createJsonDoor } from './json-door.ts';
import { createLogger, type Logger } from './log.ts';
import type { Environment } from './mask.ts';
import { createOperations } from './operations.ts';
import { createRefusalLog } from './refusal-log.ts';
import { createWebhookRoute } from './webhook-route.ts';
import { createSocketHandler } from './websocket.ts';

export interface ServerOptions {
  /** Running backends by name. The server owns them: `close()` closes them. */
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** What caches share with other instances; closed with the server. @default nothing is shared */
  readonly store?: SharedStore | undefined;
  /** Runs topics, jobs and webhooks; closed with the server. @default none run */
  readonly events?: (host: EventsHost) => LiveEvents;
  /** Whether it does jobs once it listens: beside answering, or `only` that, with no public port. @default true */
  readonly worker?: boolean | 'only';
  /** Who asks over HTTP, in place of `auth`. @default nobody */
  readonly viewer?: (request: IncomingRequest) => Viewer | null | Promise<Viewer | null>;
  /** How it is known who asks; closed with the server. @default nobody is known */
  readonly auth?: Auth;
  /** Port of the public door; 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Address of the public door. @default loopback in development, every address in production */
  readonly host?: string;
  /** Port of `/livez` and `/readyz`; 0 lets the system choose. @default 0 */
  readonly adminPort?: number;
  /** @default '127.0.0.1' */
  readonly adminHost?: string;
  /** What staff send to the admin port to see and change things, and to explore the graph in production. @default nothing in development; in production nobody may */
  readonly adminToken?: string | null;
  /** @default NODE_ENV: 'production' when it says so, 'development' otherwise */
  readonly environment?: Environment;
  /** Whether operations may ask for the schema. @default true in development, false in production */
  readonly introspection?: boolean;
  /** Whether only registered operations run. @default true in production, false in development */
  readonly persistedOnly?: boolean;
  /** Whether viewers and addresses have budgets. @default true in production, false in development */
  readonly rateLimit?: boolean;
  /** What instances share of those budgets; closed with the server. @default each has its own */
  readonly counts?: SharedCounts | undefined;
  /** Proxies in front whose `X-Forwarded-For` is believed. @default 0 */
  readonly trustedHops?: number;
  /** Other origins whose pages may ask, with credentials. @default none */
  readonly origins?: readonly string[];
  /** How much is taken on under load. @default by the event loop's delay in production, anything in development */
  readonly load?: LoadShedding;
  /** @default standard output, from level 'info' */
  readonly logger?: Logger;
  readonly drain?: DrainOptions;
  /** Where traces go when the process has no OpenTelemetry SDK. @default nowhere */
  readonly traces?: TraceExport;
}

export interface DrainOptions {
  /** How long requests are still taken once readiness fails. @default 5000 in production, 0 in development */
  readonly acceptMs?: number;
  /** How long requests in flight may take after that. @default 25000 */
  readonly finishMs?: number;
}

export interface RunningServer {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens both ports; `url` is empty where there is no public one. Fails: Error that names the port and the remedy. */
  listen(): Promise<{ readonly url: string; readonly adminUrl: string }>;
  /** Drains and closes: ports, sockets, backends. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/** One client's graph behind one door. Nothing listens until `listen()`. */
export function createComposedServer<Plan>(
  composed: Composed<Plan>,
  options: ServerOptions,
): RunningServer {
  const { backends, auth, viewer = auth?.viewer ?? (() => null) } = options;
  const environment = options.environment ?? environmentOf(process.env['NODE_ENV']);
  const logger = options.logger ?? createLogger({ environment });
  const { acceptMs = environment === 'production' ? 5_000 : 0, finishMs = 25_000 } =
    options.drain ?? {};

  let draining = false;
  let closing: Promise<void> | undefined;
  const streams = new Set<ServerResponse>();

  const production = environment === 'production';
  const { persistedOnly = production, rateLimit = production } = options;
  const { trustedHops = 0, origins: listed = [], worker = true, adminToken = null } = options;
  const { limits, registered, clients } = composed;
  const start = {
    name: composed.name,
    environment,
    persistedOnly,
    registered,
    rateLimited: rateLimit,
    origins: listed,
  };
  assertSafeStart(start);
  const origins = createOrigins(listed, auth?.origin);
  const telemetry = createTelemetry({
    bff: composed.name,
    backends,
    connections: () => ({ http: http.connections, websocket: sockets.size }),
    export: options.traces ?? {},
    logger,
  });
  const load = options.load ?? (production ? createLoadShedding({ limits }) : undefined);
  const gate = createGate({
    limits,
    environment,
    clients,
    load,
    rateLimit: rateLimit
      ? createRateLimit({ name: composed.name, limits, clients, counts: options.counts })
      : undefined,
    trustedHops,
    onTurned: (why) => telemetry.metrics.turned(why),
  });
  const admit = createAdmission(composed, {
    environment,
    persistedOnly,
    introspection: options.introspection ?? environment === 'development',
  });
  const caches = createCaches({
    backends: backends.values(),
    ...(options.store && { store: options.store }),
  });
  const answers = new AnswerCache({ caches });
  const events: LiveEvents | undefined = options.events?.({
    bff: composed.name,
    backends,
    invalidate: (tags) => caches.invalidate(tags),
    jobs: createJobsHost({ backends, auth, environment, events: () => events }),
    observer: telemetry.metrics.events,
    log: (message) => logger.warn({ bff: composed.name }, message),
  });
  const operations = {
    composed,
    gate,
    backends: load ? inTurn(backends, load) : backends,
    environment,
    logger,
    telemetry,
    auth,
    caches,
    answers,
    events,
  };
  const run = createOperations({ ...operations, admit });
  const refused = createRefusalLog({ bff: composed.name, logger });
  const pipeline = {
    composed,
    gate,
    environment,
    refused,
    onStream(response: ServerResponse) {
      streams.add(response);
      response.once('close', () => streams.delete(response));
    },
  };
  const yoga = createHttpHandler({ ...pipeline, run, viewer, auth });
  const sockets = createSocketHandler({ composed, run, gate, viewer, auth, logger });
  const door = createJsonDoor({ limits, admit, gate, run, viewer, auth, refused, elsewhere: yoga });
  const arrivals = createArrivals({
    gate,
    origins,
    refused,
    handle: events
      ? createWebhookRoute({
          bff: composed.name,
          receiver: events.webhooks.receiver,
          address: gate.address,
          logger,
          elsewhere: door,
        })
      : door,
    upgrade: sockets.upgrade,
  });
  const http = createHttpServer({
    limits,
    origins,
    refused,
    ...arrivals,
    answered: (status) => telemetry.metrics.responseSent(status),
  });
  const admin = createAdminServer({
    name: composed.name,
    backends,
    isReady: () => !draining,
    metrics: telemetry.metrics,
    explorer:
      production && adminToken !== null
        ? createStaffExplorer({
            ...pipeline,
            token: adminToken,
            logger,
            run: createOperations({
              ...operations,
              admit: createAdmission(composed, {
                environment,
                persistedOnly: false,
                introspection: true,
              }),
            }),
          })
        : undefined,
    staff:
      events &&
      createAdminDoor({
        bff: composed.name,
        environment,
        token: adminToken,
        roots: ['webhooks', 'jobs'],
        routes: [webhookConsumerRoute(events.webhooks.outgoing), deadLetterRoute(events.jobs)],
        logger,
      }),
  });

  return {
    fetch: async (request) => yoga.fetch(request),

    async listen() {
      telemetry.metrics.open();
      events?.topics.open();
      for (const what of switchedOff(start)) logger.warn({ bff: composed.name }, what);
      const host = options.host ?? (environment === 'production' ? undefined : '127.0.0.1');
      const port =
        worker === 'only' ? null : await listenOn(http.server, options.port ?? 0, host, 'PORT');
      const adminPort = await listenOn(
        admin,
        options.adminPort ?? 0,
        options.adminHost ?? '127.0.0.1',
        'ADMIN_PORT',
      ).catch(async (error: unknown) => {
        if (port !== null) await http.close(0);
        throw error;
      });
      if (worker !== false) events?.jobs.work();
      return {
        url: port === null ? '' : `http://${host ?? 'localhost'}:${port}${endpoint}`,
        adminUrl: `http://${options.adminHost ?? '127.0.0.1'}:${adminPort}`,
      };
    },

    close() {
      closing ??= drain();
      return closing;
    },
  };

  async function drain(): Promise<void> {
    draining = true;
    if (http.server.listening) {
      http.startDraining();
      await delay(acceptMs);
      const finished = http.close(finishMs);
      // A stream that ends without its last event makes its client connect again, elsewhere.
      for (const response of streams) response.destroy();
      await sockets.close(acceptMs / 5);
      await finished;
    }
    if (admin.listening) {
      const closed = new Promise((resolve) => admin.close(resolve));
      admin.closeAllConnections();
      await closed;
    }
    // Before the backends, which jobs may still be asking.
    await events?.close();
    await Promise.all([
      ...[...backends.values()].map(({ transport }) => transport.close()),
      auth?.close(),
      telemetry.close(),
      gate.close(),
    ]);
  }
}

/** `production` when NODE_ENV says so. */
export function environmentOf(nodeEnv: string | undefined): Environment {
  return nodeEnv === 'production' ? 'production' : 'development';
}

function listenOn(
  server: NetServer,
  port: number,
  host: string | undefined,
  variable: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(listenProblem(error, port, variable)));
    });
    server.listen({ port, host, backlog }, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Connections that may wait to be taken, as many as Linux lets by default. With the usual 511 a burst
 * under load overflows, and who finds no room tries again after 1, 3 and 7 seconds.
 */
const backlog = 4_096;

function listenProblem(error: NodeJS.ErrnoException, port: number, variable: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use; set ${variable} to another, or stop what listens there`;
    case 'EACCES':
      return `port ${port} needs more rights; set ${variable} to one above 1023`;
    default:
      return `port ${port} can't be opened: ${error.message}; set ${variable} to another`;
  }
}

function delay(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
