import { env } from '../backend/setting.ts';
import { Malformed, readPort, resolveSettings, type SettingUse } from '../backend/settings.ts';
import { describeFailure, withDeepStacks } from '../describe-failure.ts';
import { traceSettings } from '../telemetry/telemetry.ts';
import { nearestName } from '../nearest-name.ts';
import type { RunningServer, ServerOptions } from './server-options.ts';
import { type EffectivePolicy, policyText } from './effective-policy.ts';
import { createLogger, type LogLevel, logLevels } from './log.ts';
import type { Environment } from './mask.ts';

type Settings = Readonly<Record<string, SettingUse<unknown>>>;
type ValuesOf<Uses extends Settings> = ReturnType<typeof resolveSettings<Uses>>;

export interface MainOptions<Uses extends Settings> {
  /** The bff's name, for messages. */
  readonly name: string;
  /** Default of PORT. */
  readonly port: number;
  /** Default of ADMIN_PORT. */
  readonly adminPort: number;
  /** Further settings: the endpoints of each backend. */
  readonly settings: Uses;
  /** What `--policy` prints. @default there is none to print */
  readonly policy?: (environment: Environment) => EffectivePolicy;
  /** Makes the server; what it throws ends the start with its message. */
  readonly create: (
    options: Required<
      Pick<ServerOptions, 'port' | 'adminPort' | 'environment' | 'logger' | 'traces'>
    > & { readonly worker?: 'only' },
    values: ValuesOf<Uses>,
  ) => RunningServer | Promise<RunningServer>;
}

/**
 * A bff's front door as a process: reads the environment, listens, says so, drains on SIGTERM and
 * SIGINT. `--help` lists every variable; `--policy` prints what holds; `--worker` does jobs only, with
 * no public port. Exits with 0 after a drain, 1 when it can't start, 2 for arguments it does not know; a second signal ends it at once, and so does the loss of a parent
 * that started it with an IPC channel.
 */
export async function runMain<Uses extends Settings>(options: MainOptions<Uses>): Promise<void> {
  const [argument] = process.argv.slice(2);
  const own = ownSettings(argument === '--worker' ? beside(options) : options);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(helpText(options.name, { ...own, ...options.settings }));
    return;
  }
  if (options.policy && (argument === '--policy' || argument === '--policy=json')) {
    await printPolicy(options.policy, own.NODE_ENV, argument === '--policy=json');
    return;
  }
  const workerOnly = argument === '--worker';
  if (argument !== undefined && !workerOnly) {
    exitWith(2, `${options.name} takes no argument "${argument}"; --help lists its settings`);
  }
  await orExit(async () => {
    const settings = { ...options.settings, ...own };
    refuseMisspelt(settings, process.env);
    const values = resolveSettings(settings, process.env);
    const {
      PORT: port,
      ADMIN_PORT: adminPort,
      LOG_LEVEL: level,
      NODE_ENV: environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint,
      OTEL_TRACES_SAMPLER_ARG: sampleShare,
    } = values as ReturnType<typeof resolveSettings<typeof own>>;
    const logger = createLogger({ environment, level });
    const server = await options.create(
      {
        port,
        adminPort,
        environment,
        logger,
        traces: { otlpEndpoint, sampleShare },
        ...(workerOnly && { worker: 'only' }),
      },
      values as ValuesOf<Uses>,
    );
    stopOnSignals(server);
    const { url, adminUrl } = await server.listen();
    if (environment === 'production') logger.info({ bff: options.name, url, adminUrl }, 'ready');
    else {
      const does = workerOnly ? 'does jobs' : `answers at ${url}`;
      process.stdout.write(`${options.name} ${does} (health at ${adminUrl}/readyz)\n`);
    }
  });
}

async function printPolicy(
  policyIn: (environment: Environment) => EffectivePolicy,
  NODE_ENV: SettingUse<Environment>,
  asJson: boolean,
): Promise<void> {
  await orExit(async () => {
    const values = resolveSettings({ NODE_ENV }, process.env);
    const policy = policyIn(values.NODE_ENV);
    process.stdout.write(asJson ? `${JSON.stringify(policy, null, 2)}\n` : policyText(policy));
  });
}

/** The default ports of a worker, which may run beside its bff. */
function beside({ port, adminPort }: { readonly port: number; readonly adminPort: number }) {
  return { port, adminPort: adminPort + 10 };
}

/** What `start` gives; when it fails, the process ends with 1 and says why in at most six lines. */
export async function orExit<Value>(start: () => Promise<Value>): Promise<Value> {
  try {
    // In a turn of its own: the main module is not on the stack of what fails, so it isn't blamed.
    return await withDeepStacks(() => Promise.resolve().then(start));
  } catch (error) {
    return exitWith(1, await describeFailure(error));
  }
}

function ownSettings({ port, adminPort }: { readonly port: number; readonly adminPort: number }) {
  return {
    PORT: {
      setting: env('PORT', String(port), 'a port'),
      purpose: 'where clients reach GraphQL',
      example: String(port),
      read: readPort,
    },
    ADMIN_PORT: {
      setting: env('ADMIN_PORT', String(adminPort), 'a port'),
      purpose: 'where /livez, /readyz and /metrics answer',
      example: String(adminPort),
      read: readPort,
    },
    LOG_LEVEL: {
      setting: env('LOG_LEVEL', 'info', logLevels.join(', ')),
      purpose: 'the least level that is logged',
      example: 'info',
      read: (text: string): LogLevel => oneOf(text, logLevels),
    },
    NODE_ENV: {
      setting: env('NODE_ENV', 'development', 'development or production'),
      purpose: 'which column of the policy holds',
      example: 'production',
      read: (text: string): Environment =>
        oneOf(text, ['development', 'production', 'test']) === 'production'
          ? 'production'
          : 'development',
    },
    ...traceSettings,
  } as const satisfies Settings;
}

/** A variable that nothing reads and that is one letter away from one that is read, and not set. */
function refuseMisspelt(settings: Settings, environment: NodeJS.ProcessEnv): void {
  const names = Object.values(settings).flatMap(({ setting }) => setting.variable ?? []);
  const unset = names.filter((name) => environment[name] === undefined);
  for (const given of Object.keys(environment)) {
    const meant = names.includes(given) ? undefined : unset.find((name) => isSlip(given, name));
    if (meant !== undefined) {
      throw new Error(`${given} is set, but nothing reads it; did you mean ${meant}?`);
    }
  }
}

/** One letter left out, added, changed or swapped with its neighbour. */
function isSlip(given: string, name: string): boolean {
  if (given.length < 4 || Math.abs(given.length - name.length) > 1) return false;
  let start = 0;
  while (start < given.length && given[start] === name[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(given.length, name.length) - start &&
    given.at(-1 - end) === name.at(-1 - end)
  ) {
    end += 1;
  }
  const middle = given.slice(start, given.length - end);
  const expected = name.slice(start, name.length - end);
  if (middle.length <= 1 && expected.length <= 1) return true;
  return middle.length === 2 && [...middle].toReversed().join('') === expected;
}

function oneOf<Value extends string>(text: string, values: readonly Value[]): Value {
  const value = values.find((value) => value === text);
  if (value !== undefined) return value;
  const nearest = nearestName(text, values);
  const hint = nearest === null ? '' : ` (did you mean "${nearest}"?)`;
  throw new Malformed(`expected one of ${values.join(', ')}${hint}`);
}

function helpText(name: string, settings: Settings): string {
  const rows = Object.values(settings).flatMap(({ setting, purpose, secret }) =>
    setting.variable === null
      ? []
      : [
          [
            setting.variable,
            `${purpose} (${setting.expects}; ${defaultOf(setting.fallback, secret)})`,
          ],
        ],
  );
  const width = Math.max(...rows.map(([variable = '']) => variable.length));
  const lines = rows.map(([variable = '', text]) => `  ${variable.padEnd(width)}  ${text}`);
  return `Starts the ${name} BFF; with --worker, only to do its jobs. With --policy it prints\nthe limits and the policy toward backends that hold (--policy=json: for programs). Its settings are environment variables:\n\n${lines.join('\n')}\n`;
}

function defaultOf(fallback: string | undefined, secret = false): string {
  if (fallback === undefined) return 'required';
  if (fallback === '') return 'optional';
  return secret ? 'in production one of your own' : `default ${fallback}`;
}

function stopOnSignals(server: RunningServer): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    server.close().then(
      () => process.exit(0),
      (error: unknown) => exitWith(1, String(error)),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.send) process.on('disconnect', () => process.exit(1));
}

/** Ends the process with a message on standard error. */
export function exitWith(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
