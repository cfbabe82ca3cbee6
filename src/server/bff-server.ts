import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { type GraphQLSchema, printSchema } from 'graphql';
import type { LiveBackend, Transport } from '../backend/backend.ts';
import { createLiveBackend } from '../backend/live-backend.ts';
import { endpointsOf, resolveSettings, type SettingUse } from '../backend/settings.ts';
import {
  type WebhookValues,
  webhookSettings,
  webhookValues,
} from '../events/webhooks/webhook-settings.ts';
import { composeBff } from '../bff/compose-bff.ts';
import type { Bff } from '../bff/define-bff.ts';
import { createEngine } from '../engine/engine.ts';
import { brokerSettings } from '../events/event-settings.ts';
import { queueSettings } from '../events/jobs/queue-settings.ts';
import { createLiveEvents } from '../events/live-events.ts';
import { adminSettings } from './admin/admin-settings.ts';
import { admissionSettings } from './admission/admission-settings.ts';
import { createRedisCounts } from './admission/redis-counts.ts';
import { createOrigins } from './admission/origins.ts';
import { readRegisteredOperations } from './admission/registered-operations.ts';
import type { Auth, AuthDefinition, AuthHost } from './auth/auth.ts';
import type { ValuesOf } from './auth/auth-settings.ts';
import { createComposedServer } from './create-server.ts';
import { environmentOf, type RunningServer, type ServerOptions } from './server-options.ts';
import { examplesOf } from './examples.ts';
import { createLogger } from './log.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { createRedisStore } from '../load/redis-store.ts';
import type { Environment } from './mask.ts';

export interface CreateServerOptions extends Omit<ServerOptions, 'backends' | 'auth'> {
  /** How it is known who asks: `sessionAuth` for browsers, `bearerAuth` for apps. @default nobody is known */
  readonly auth?: AuthDefinition;
  /** Stand-ins by backend name, such as `fakeBackend`s; the others are reached over the wire. @default none */
  readonly backends?: Readonly<Record<string, Transport>>;
  /** Where settings are read from. @default process.env */
  readonly settings?: Readonly<Record<string, string | undefined>>;
  /** Folder of what has to survive a restart: jobs, webhooks. @default none: they are kept in memory */
  readonly dataDir?: string | null;
  /** Limits in place of the bff's and the defaults. @default none */
  readonly limits?: Partial<Limits>;
}

/**
 * One client's graph behind one door. Nothing listens until `listen()`, and no backend is asked
 * before the first operation.
 *
 * Fails: Error with every missing or malformed setting at once; Error with place, rule and remedy
 * when the bff does not fit together.
 */
export function createServer(bff: Bff, options: CreateServerOptions = {}): RunningServer {
  const {
    backends = {},
    settings = process.env,
    limits,
    auth,
    dataDir = null,
    ...server
  } = options;
  const environment = server.environment ?? environmentOf(process.env['NODE_ENV']);
  const logger = server.logger ?? createLogger({ environment });
  const composed = composeBff(bff);
  const { admission, brokers, webhooks, ...live } = liveParts(bff, backends, settings, auth, {
    environment,
    logger,
    listed: server.origins,
  });
  const { rateLimit = admission.RATE_LIMIT } = server;
  if (admission.REDIS_URL) assertRedisClient();
  return createComposedServer(
    {
      name: bff.name,
      clientSchema: composed.clientSchema,
      engine: createEngine({
        ...composed,
        schema: composed.graph,
        // Admission has measured what reaches it.
        limits: unlimited,
        maxValidationErrors: environment === 'production' ? 1 : 100,
      }),
      limits: { ...defaultLimits, ...bff.limits, ...limits },
      examples: examplesOf(bff),
      registered: readRegisteredOperations(bff),
      clients: bff.clients,
    },
    {
      persistedOnly: admission.PERSISTED_ONLY,
      worker: brokers.WORKER,
      adminHost: admission.ADMIN_HOST,
      adminToken: admission.ADMIN_TOKEN,
      trustedHops: admission.TRUST_PROXY,
      origins: admission.ALLOWED_ORIGINS ?? [],
      ...(admission.REDIS_URL && {
        store: createRedisStore({
          url: admission.REDIS_URL.href,
          version: `${bff.name}:${schemaHash(composed.graph)}`,
          log: (message) => logger.warn({ bff: bff.name }, message),
        }),
      }),
      ...(rateLimit &&
        admission.REDIS_URL && {
          counts: createRedisCounts({
            url: admission.REDIS_URL,
            log: (message) => logger.warn({ bff: bff.name }, message),
          }),
        }),
      events: (host) =>
        createLiveEvents({
          definitions: {
            topics: bff.subschemas.flatMap(({ events }) => events.topics),
            jobs: bff.subschemas.flatMap(({ events }) => events.jobs),
            webhooks: bff.subschemas.flatMap(({ events }) => events.webhooks),
          },
          settings: { ...brokers, REDIS_URL: admission.REDIS_URL?.href ?? null },
          webhooks,
          dataDir,
          host,
        }),
      ...server,
      rateLimit,
      environment,
      logger,
      ...live,
    },
  );
}

/** The client comes with the example, and is optional in the package: 11 MB that most do without. */
function assertRedisClient(): void {
  try {
    createRequire(import.meta.url).resolve('@redis/client');
  } catch {
    throw new Error(
      'REDIS_URL is set, but the package @redis/client is not installed; run npm install @redis/client',
    );
  }
}

/** Changes with the graph, so that no instance reads what another shaped differently. */
function schemaHash(graph: GraphQLSchema): string {
  return createHash('sha256').update(printSchema(graph)).digest('base64url').slice(0, 16);
}

const unlimited = {
  maxTokens: Number.POSITIVE_INFINITY,
  maxSelections: Number.POSITIVE_INFINITY,
  maxDepth: Number.POSITIVE_INFINITY,
};

/** What a bff reads of its environment, beside where its backends are. */
export function settingsBesideBackends(
  bff: Bff,
  auth: AuthDefinition | undefined,
  environment: Environment,
): Readonly<Record<string, SettingUse<unknown>>> {
  const { ALLOWED_ORIGINS, ...admission } = admissionSettings(environment);
  return {
    ...admission,
    ...(auth?.forPages !== false && { ALLOWED_ORIGINS }),
    ...adminSettings,
    ...brokerSettings,
    ...queueSettings,
    ...webhookSettings(
      bff.subschemas.flatMap(({ events }) => events.webhooks),
      environment === 'production',
    ),
    ...auth?.settings(environment),
  };
}

type ReadAdmission = ValuesOf<ReturnType<typeof admissionSettings> & typeof adminSettings>;
/** No origins are listed where no pages ask. */
type AdmissionValues = Omit<ReadAdmission, 'ALLOWED_ORIGINS'> & Partial<ReadAdmission>;

/** Everything that settings decide, all of them resolved at once. */
function liveParts(
  bff: Bff,
  standIns: Readonly<Record<string, Transport>>,
  settings: Readonly<Record<string, string | undefined>>,
  auth: AuthDefinition | undefined,
  host: Omit<AuthHost, 'origins'> & { readonly listed: readonly string[] | undefined },
): {
  readonly backends: Map<string, LiveBackend>;
  readonly auth?: Auth;
  readonly admission: AdmissionValues;
  readonly brokers: ValuesOf<typeof brokerSettings & typeof queueSettings>;
  readonly webhooks: WebhookValues;
} {
  const backends = bff.subschemas.map((subschema) => subschema.backend);
  const unknown = Object.keys(standIns).find((name) => !backends.some((b) => b.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `createServer: the "${bff.name}" bff has no backend "${unknown}"; it has ${backends.map((b) => b.name).join(', ')}`,
    );
  }
  const sources = bff.subschemas.flatMap(({ events }) => events.webhooks);
  const wired = backends.filter((backend) => standIns[backend.name] === undefined);
  const endpoints = Object.fromEntries(
    wired.map((backend) => [`backend ${backend.name}`, endpointsOf(backend)]),
  );
  const values = resolveSettings(
    {
      ...endpoints,
      ...settingsBesideBackends(bff, auth, host.environment),
    },
    settings,
  ) as unknown as Record<string, never>; // each as its own reader made it
  const admission: AdmissionValues = values as never; // the same
  return {
    backends: new Map(
      backends.map((backend) => [
        backend.name,
        createLiveBackend(backend, {
          endpoints: values[`backend ${backend.name}`],
          transport: standIns[backend.name],
        }),
      ]),
    ),
    ...(auth && {
      auth: auth.create(values, {
        environment: host.environment,
        logger: host.logger,
        origins: createOrigins(host.listed ?? admission.ALLOWED_ORIGINS ?? []),
      }),
    }),
    admission,
    brokers: values as never, // the same
    webhooks: webhookValues(sources, values),
  };
}
