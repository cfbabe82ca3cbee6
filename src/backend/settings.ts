import type { Backend } from './backend.ts';
import { type Endpoint, EndpointRule, endpointWith } from './endpoint.ts';
import type { Setting } from './setting.ts';

/** A setting, what it is for, and how its text is read. */
export interface SettingUse<Value> {
  readonly setting: Setting;
  /** `backend "airports"`, `the public port`. */
  readonly purpose: string;
  /** What a good value looks like. */
  readonly example: string;
  /** Throws `Malformed`, saying what was expected. */
  readonly read: (text: string) => Value;
  /** Whether its value is kept out of messages. @default false */
  readonly secret?: boolean;
}

/** What a reader of a setting throws: the rule that the value breaks. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Every missing or malformed setting, a line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['settings are missing or malformed:', ...problems].join('\n  '));
    this.problems = problems;
  }
}

/**
 * Reads all settings at once from the environment; an empty variable counts as unset.
 *
 * Fails: SettingsError with every problem, each naming variable, purpose, value, rule and example.
 */
export function resolveSettings<Uses extends Readonly<Record<string, SettingUse<unknown>>>>(
  uses: Uses,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly [Name in keyof Uses]: Uses[Name] extends SettingUse<infer Value> ? Value : never } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, use] of Object.entries(uses)) {
    const { variable, fallback } = use.setting;
    const given = variable === null ? undefined : environment[variable] || undefined;
    const text = given ?? fallback;
    const place = variable === null ? use.purpose : `${variable} (${use.purpose})`;
    if (text === undefined) {
      problems.push(`${place} is not set: expected ${use.setting.expects}, such as ${use.example}`);
      continue;
    }
    try {
      values[name] = use.read(text);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const shown = use.secret ? 'malformed' : JSON.stringify(masked(text));
      const whose = given === undefined && variable !== null ? 'the default in the code of ' : '';
      problems.push(`${whose}${place} is ${shown}: ${error.message}, such as ${use.example}`);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return values as ReturnType<typeof resolveSettings<Uses>>; // one value per use, or we threw
}

/**
 * How a backend's endpoints are read: URLs separated by commas; gRPC also takes `host:port`. Each
 * may go on with `;weight=2;zone=eu;priority=1;group=canary`, all of them optional.
 */
export function endpointsOf(
  backend: Pick<Backend, 'name' | 'kind' | 'endpoints'>,
): SettingUse<readonly Endpoint[]> {
  const grpc = backend.kind === 'grpc';
  if (backend.kind === 'queue') return queuesOf(backend);
  return {
    setting: backend.endpoints,
    purpose: `backend "${backend.name}"`,
    example: grpc ? '127.0.0.1:4102 or grpcs://flights:443' : 'http://127.0.0.1:4101',
    read: (text) => text.split(',').map((item) => endpoint(item.trim(), grpc)),
  };
}

/** The same for a backend behind a queue: `nats://host:4222/subject`, `amqp://host:5672/queue`. */
function queuesOf(backend: Pick<Backend, 'name' | 'endpoints'>): SettingUse<readonly Endpoint[]> {
  return {
    setting: backend.endpoints,
    purpose: `backend "${backend.name}"`,
    example: 'nats://127.0.0.1:4222/cargo.requests',
    read: (text) =>
      text.split(',').map((item) => {
        const [address = '', ...options] = item.trim().split(';');
        const url = URL.parse(address.trim());
        const isQueue = url && ['nats:', 'tls:', 'amqp:', 'amqps:'].includes(url.protocol);
        if (!isQueue || url.hostname === '' || !/^\/[\w.%-]+$/.test(url.pathname)) {
          throw new Malformed(
            'expected a URL with nats, tls, amqp or amqps whose path is one subject or queue',
          );
        }
        return readEndpoint(url, options);
      }),
  };
}

/** A TCP port; 0 lets the system choose. */
export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Malformed('expected a port from 0 to 65535');
}

function endpoint(item: string, grpc: boolean): Endpoint {
  const [address = '', ...options] = item.split(';');
  return readEndpoint(addressOf(address.trim(), grpc), options);
}

function readEndpoint(url: URL, options: readonly string[]): Endpoint {
  try {
    return endpointWith(url, options);
  } catch (error) {
    throw error instanceof EndpointRule ? new Malformed(error.message) : error;
  }
}

function addressOf(item: string, grpc: boolean): URL {
  if (item === '') throw new Malformed('expected no empty item between commas');
  const schemes = grpc ? ['http:', 'https:', 'grpc:', 'grpcs:'] : ['http:', 'https:'];
  const expected = `expected ${grpc ? 'host:port, or a URL with http, https, grpc or grpcs' : 'a URL with http or https'}`;
  const text = grpc && !item.includes('://') ? `grpc://${item}` : item;
  const port = /:(\d+)(?:[/?#]|$)/.exec(text.replace(/^[a-z+.-]+:\/\//i, ''))?.[1];
  if (port !== undefined && Number(port) > 65_535) {
    throw new Malformed('expected a port up to 65535');
  }
  const url = URL.parse(text);
  if (url === null || !schemes.includes(url.protocol) || url.hostname === '') {
    throw new Malformed(expected);
  }
  if (grpc && url.port === '' && !['https:', 'http:'].includes(url.protocol)) {
    throw new Malformed('expected a port after the host');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Malformed('expected no user name or password in it');
  }
  if (url.search !== '' || url.hash !== '' || (grpc && !['', '/'].includes(url.pathname))) {
    throw new Malformed(`expected nothing after the ${grpc ? 'port' : 'path'}`);
  }
  return url;
}

/** A password in a URL stays out of logs. */
function masked(text: string): string {
  return text.replace(/\/\/[^/@,]*@/g, '//***@').slice(0, 200);
}
