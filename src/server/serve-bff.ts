import { env } from '../backend/setting.ts';
import { endpointsOf, resolveSettings } from '../backend/settings.ts';
import { type Bff, isBff } from '../bff/define-bff.ts';
import { describePlace, placeOfCaller } from '../definition-place.ts';
import { servingRefusal } from '../no-serving.ts';
import { refuseUnknown, shown } from '../refuse-unknown.ts';
import { adminSettings, isLoopback } from './admin/admin-settings.ts';
import { admissionSettings } from './admission/admission-settings.ts';
import type { AuthDefinition } from './auth/auth.ts';
import { createServer, settingsBesideBackends } from './bff-server.ts';
import { environmentOf } from './server-options.ts';
import { type EffectivePolicy, effectivePolicyOf } from './effective-policy.ts';
import type { Environment } from './mask.ts';
import { exitWith, orExit, runMain } from './run-main.ts';

export interface ServeOptions {
  /** Default of PORT. */
  readonly port: number;
  /** Default of ADMIN_PORT. */
  readonly adminPort: number;
  /** How it is known who asks. @default nobody is known */
  readonly auth?: AuthDefinition;
}

/**
 * `createServer` as a process: reads the environment, listens, drains on SIGTERM. For a `main.ts`,
 * which names the module that exports the bff: `serveBff(() => import('./bff.ts'), …)`. What is
 * wrong in that module, or in one that it imports, is then told with its file and line.
 */
export async function serveBff(
  bffOrModule: Bff | (() => Promise<object>),
  options: ServeOptions,
): Promise<void> {
  const refusal = servingRefusal();
  if (refusal !== undefined) exitWith(2, refusal);
  const at = `${describePlace(placeOfCaller(serveBff))}: serveBff`;
  const bff = await orExit(async () => {
    checkOptions(options, at);
    if (typeof bffOrModule === 'function') return bffOf(await bffOrModule());
    if (isBff(bffOrModule)) return bffOrModule;
    throw new Error(
      `${at}: expected what defineBff returns, or () => import('./bff.ts'), but got: ${shown(bffOrModule)}`,
    );
  });
  const { port, adminPort, auth } = options;
  const environment = environmentOf(process.env['NODE_ENV']);
  const settings = {
    ...Object.fromEntries(
      bff.subschemas.map(({ backend }) => [backend.name, endpointsOf(backend)]),
    ),
    ...settingsBesideBackends(bff, auth, environment),
    DATA_DIR: {
      setting: env('DATA_DIR', '.tailorbird', 'a folder'),
      purpose: 'where jobs and webhooks are kept',
      example: '/var/lib/tailorbird',
      read: (text: string) => text,
    },
  };
  return runMain({
    name: bff.name,
    port,
    adminPort,
    settings,
    policy: (environment) => policyIn(bff, auth, environment),
    create: (options, { DATA_DIR: dataDir }) => {
      const policy = policyIn(bff, auth, options.environment);
      options.logger.debug({ bff: bff.name, policy }, 'policy');
      return createServer(bff, { ...options, dataDir, ...(auth && { auth }) });
    },
  });
}

/** What the types say, for who writes JavaScript. */
function checkOptions(options: ServeOptions | undefined, at: string): void {
  const given: Partial<ServeOptions> = options ?? {};
  refuseUnknown(at, given, ['port', 'adminPort', 'auth'] satisfies (keyof ServeOptions)[]);
  for (const name of ['port', 'adminPort'] as const) {
    if (Number.isInteger(given[name])) continue;
    throw new Error(`${at}: ${name} must be a port's number, but got: ${shown(given[name])}`);
  }
}

/** Read apart from all other settings, so that it can be printed before they are there. */
function policyIn(
  bff: Bff,
  auth: AuthDefinition | undefined,
  environment: Environment,
): EffectivePolicy {
  const values = resolveSettings(
    { ...admissionSettings(environment), ...adminSettings },
    process.env,
  );
  return effectivePolicyOf(bff, environment, {
    persistedOnly: values.PERSISTED_ONLY,
    rateLimit: values.RATE_LIMIT,
    shared: values.REDIS_URL !== null,
    trustedProxies: values.TRUST_PROXY,
    allowedOrigins: auth?.forPages === false ? [] : values.ALLOWED_ORIGINS,
    staff:
      values.ADMIN_TOKEN !== null ||
      (environment === 'development' && isLoopback(values.ADMIN_HOST)),
  });
}

function bffOf(module: object): Bff {
  const bff = Object.values(module).find(isBff);
  if (bff) return bff;
  const names = Object.keys(module).join(', ') || 'nothing';
  throw new Error(
    `serveBff: expected a module that exports what defineBff returns; it exports ${names}`,
  );
}
