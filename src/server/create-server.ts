import type { ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { LiveEvents } from '../events/live-events.ts';
import { AnswerCache } from '../load/answer-cache.ts';
import { createCaches } from '../load/caches.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createAdminDoor } from './admin/admin-door.ts';
import { deadLetterRoute } from './admin/dead-letters.ts';
import { isLoopback, loopback } from './admin/admin-settings.ts';
import { createStaffExplorer } from './admin/staff-explorer.ts';
import { webhookConsumerRoute } from './admin/webhook-consumers.ts';
import { createAdminServer } from './admin-server.ts';
import { createAdmission } from './admission/admission.ts';
import { createArrivals } from './admission/arrivals.ts';
import { createGate } from './admission/gate.ts';
import { inTurn } from './admission/in-turn.ts';
import { createLoadShedding } from './admission/load-shedding.ts';
import { createOrigins } from './admission/origins.ts';
import { createRateLimit } from './admission/rate-limit.ts';
import { assertSafeStart, switchedOff } from './admission/safe-start.ts';
import type { Composed } from './composed.ts';
import { endpoint } from './endpoint.ts';
import { createFailedRequests } from './failed-requests.ts';
import { createHttpHandler } from './http-handler.ts';
import { createHttpServer } from './http-server.ts';
import { createJobsHost } from './jobs-host.ts';
import { createJsonDoor } from './json-door.ts';
import { listenOn } from './listen-on.ts';
import { createLogger } from './log.ts';
import { createOperations } from './operations.ts';
import { createRefusalLog } from './refusal-log.ts';
import { environmentOf, type RunningServer, type ServerOptions } from './server-options.ts';
import { createWebhookRoute } from './webhook-route.ts';
import { createSocketHandler } from './websocket.ts';

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
  const { introspection = !production } = options;
  const { adminHost = loopback } = options;
  const { trustedHops = 0, origins: listed = [], worker = true, adminToken = null } = options;
  const { limits, registered, clients } = composed;
  assertSafeStart({
    name: composed.name,
    environment,
    persistedOnly,
    registered,
    origins: listed,
  });
  const origins = createOrigins(listed, auth?.origin);
  const telemetry = createTelemetry({
    bff: composed.name,
    backends,
    connections: () => ({ http: http.connections, websocket: sockets.size }),
    export: options.traces ?? {},
    logger,
  });
  const sheds = production && Number.isFinite(limits.eventLoopDelayMs);
  const load = options.load ?? (sheds ? createLoadShedding({ limits }) : undefined);
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
    introspection,
  });
  const caches = createCaches({
    backends: backends.values(),
    ...(options.store && { store: options.store }),
  });
  // Who joins a run has at least half of its own deadline.
  const answers = new AnswerCache({ caches, shareableMs: limits.queryDeadlineMs / 2 });
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
  const failed = createFailedRequests({ bff: composed.name, logger });
  const pipeline = {
    composed,
    gate,
    environment,
    refused,
    failed,
    onStream(response: ServerResponse) {
      streams.add(response);
      response.once('close', () => streams.delete(response));
    },
  };
  const yoga = createHttpHandler({ ...pipeline, run, viewer, auth });
  const sockets = createSocketHandler({ composed, run, gate, viewer, auth, logger });
  const door = createJsonDoor({
    limits,
    admit,
    gate,
    run,
    viewer,
    auth,
    refused,
    failed,
    elsewhere: yoga,
  });
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
          failed,
          elsewhere: door,
        })
      : door,
    upgrade: sockets.upgrade,
  });
  const http = createHttpServer({
    limits,
    origins,
    refused,
    failed,
    ...arrivals,
    answered: (status) => telemetry.metrics.responseSent(status),
  });
  const admin = createAdminServer({
    name: composed.name,
    backends,
    isReady: () => !draining,
    metrics: telemetry.metrics,
    failed,
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
        // Without a token it is open to this machine only.
        environment: isLoopback(adminHost) ? environment : 'production',
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
      const off = switchedOff({
        persistedOnly,
        introspection,
        rateLimit,
        loadShedding: load !== undefined,
      });
      if (production && off.length > 0) logger.warn({ bff: composed.name, off }, 'switched off');
      const host = options.host ?? (environment === 'production' ? undefined : '127.0.0.1');
      const port =
        worker === 'only' ? null : await listenOn(http.server, options.port ?? 0, host, 'PORT');
      const adminPort = await listenOn(
        admin,
        options.adminPort ?? 0,
        adminHost,
        'ADMIN_PORT',
      ).catch(async (error: unknown) => {
        if (port !== null) await http.close(0);
        throw error;
      });
      if (worker !== false) events?.jobs.work();
      return {
        url: port === null ? '' : `http://${host ?? 'localhost'}:${port}${endpoint}`,
        adminUrl: `http://${isIP(adminHost) === 6 ? `[${adminHost}]` : adminHost}:${adminPort}`,
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

function delay(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
