import { type EffectiveBackendPolicy, effectivePolicy } from '../backend/policy.ts';
import type { Bff, ClientRule } from '../bff/define-bff.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { type Protections, switchedOff } from './admission/safe-start.ts';
import type { Environment } from './mask.ts';

/** What the environment decides of a policy. */
export interface PolicySwitches {
  readonly persistedOnly: boolean;
  readonly rateLimit: boolean;
  /** Whether budgets, caches and sessions are shared with other instances. */
  readonly shared: boolean;
  readonly trustedProxies: number;
  readonly allowedOrigins: readonly string[];
  /** Whether staff can see and change things on the admin port. */
  readonly staff: boolean;
}

/** What holds for one bff with nothing left open; plain data, so that `JSON.stringify` prints it. */
export interface EffectivePolicy extends PolicySwitches, Protections {
  readonly bff: string;
  readonly environment: Environment;
  readonly clients: Readonly<Record<string, ClientRule>>;
  readonly limits: Limits;
  readonly backends: Readonly<Record<string, EffectiveBackendPolicy & { readonly kind: string }>>;
}

export function effectivePolicyOf(
  bff: Pick<Bff, 'name' | 'limits' | 'clients' | 'subschemas'>,
  environment: Environment,
  switches: PolicySwitches,
): EffectivePolicy {
  const limits = { ...defaultLimits, ...bff.limits };
  return {
    bff: bff.name,
    environment,
    ...switches,
    introspection: environment === 'development',
    loadShedding: environment === 'production' && Number.isFinite(limits.eventLoopDelayMs),
    clients: bff.clients,
    limits,
    backends: Object.fromEntries(
      bff.subschemas.map(({ backend }) => [
        backend.name,
        { kind: backend.kind, ...effectivePolicy(backend) },
      ]),
    ),
  };
}

/** What of a policy does not work, a line each: first what protects us, then what a backend has not. */
export function switchedOffIn(policy: EffectivePolicy): string[] {
  const ofBackends = Object.entries(policy.backends).flatMap(([name, backend]) => {
    const mesh = backend.resilience === 'mesh' ? ['retries, breakers and balancing'] : [];
    const off = optional.filter((part) => backend[part] === false).map(words);
    return [...mesh, ...off].map((part) => `${name}: ${part}`);
  });
  return [
    ...switchedOff(policy),
    ...(policy.shared
      ? []
      : ['sharing with other instances: each has its own budgets, caches and sessions']),
    ...(policy.staff ? [] : ['the staff’s part of the admin port: ADMIN_TOKEN is not set']),
    ...ofBackends,
  ];
}

const optional = ['breaker', 'hedging', 'outlierEjection', 'healthCheck'] as const;

/** The policy as text for people, every figure with its unit. */
export function policyText(policy: EffectivePolicy): string {
  const { clients, limits, backends } = policy;
  const minimums = Object.entries(clients).map(([name, { minimum }]) => `${name} ${minimum}`);
  const sections: [title: string, rows: Rows][] = [
    [
      `${policy.bff}, ${policy.environment}`,
      [
        ['operations', policy.persistedOnly ? 'registered ones only' : 'any'],
        ['introspection', policy.introspection ? 'on' : 'off on the public port'],
        ['rate limit', policy.rateLimit ? 'on' : 'off'],
        ['load shedding', policy.loadShedding ? 'on' : 'off'],
        ['shared with other instances', policy.shared ? 'yes, in Redis' : 'no'],
        ['proxies believed', String(policy.trustedProxies)],
        ['pages of other origins', policy.allowedOrigins.join(', ') || 'none'],
        ['oldest versions of apps', minimums.join(', ') || 'any'],
      ],
    ],
    ['limits', rowsOf(limits)],
    ...Object.entries(backends).map(([name, { kind, operations, ...rest }]): [string, Rows] => [
      `backend ${name}, ${kind}`,
      [
        ...rowsOf(rest),
        ...Object.entries(operations).map(
          ([operation, own]): Row => [operation, differences(own, rest) || 'the same'],
        ),
      ],
    ]),
  ];
  const width = Math.max(...sections.flatMap(([, rows]) => rows.map(([name]) => name.length)));
  const texts = sections.map(([title, rows]) =>
    [title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join('\n'),
  );
  const off = switchedOffIn(policy).map((line) => `  ${line}`);
  if (off.length > 0) texts.push(['switched off', ...off].join('\n'));
  return `${texts.join('\n\n')}\n`;
}

type Row = readonly [name: string, value: string];
type Rows = readonly Row[];

function rowsOf(values: object): Rows {
  return Object.entries(values).map(([name, value]) => [words(name), figure(name, value)]);
}

/** What one operation has in another way than its backend. */
function differences(own: object, backend: Readonly<Record<string, unknown>>): string {
  return Object.entries(own)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(backend[name]))
    .map(([name, value]) => `${words(name)} ${figure(name, value)}`)
    .join(', ');
}

/** `retryMinDelayMs` as `retry min delay`: its unit goes with the figure. */
function words(name: string): string {
  return name
    .replace(/^perSecond$|(?:Ms|Bytes|Share|Percent|PerSecond)$/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}

/** A value with the unit that its name says. */
function figure(name: string, value: unknown): string {
  if (value === false || value === '') return value === false ? 'off' : 'any';
  if (value === true) return 'yes';
  if (value === null) return name === 'idempotent' ? 'by its method' : 'none';
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(([part, each]) =>
      `${words(part)} ${figure(part, each)}`.trim(),
    );
    return parts.join(', ') || 'none';
  }
  if (typeof value !== 'number') return String(value);
  if (/share$/i.test(name)) return `${value * 100}%`;
  if (/percent$/i.test(name)) return `${value}%`;
  if (name.endsWith('PerSecond') || name === 'perSecond') return `${value} a second`;
  if (name.endsWith('Bytes')) return inBytes(value);
  if (name.endsWith('Ms')) return value >= 1_000 ? `${value / 1_000} s` : `${value} ms`;
  return String(value);
}

function inBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`;
}
