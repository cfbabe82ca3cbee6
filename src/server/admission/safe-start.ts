import type { Environment } from '../mask.ts';
import { originProblem } from './origins.ts';
import type { RegisteredOperations } from './registered-operations.ts';

export interface StartOptions {
  /** The bff's name. */
  readonly name: string;
  readonly environment: Environment;
  readonly persistedOnly: boolean;
  readonly registered: RegisteredOperations;
  readonly origins: readonly string[];
  /** @default process.env */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/**
 * Refuses to start what would not be safe in production.
 *
 * Fails: Error with rule and remedy when TLS verification is off, when an origin is a wildcard or no
 * origin, or when only registered operations run and none is registered.
 */
export function assertSafeStart(options: StartOptions): void {
  const { name, environment, persistedOnly, registered, origins } = options;
  const { variables = process.env } = options;
  for (const origin of origins) {
    const problem = originProblem(origin);
    if (problem) throw new Error(`the "${name}" bff: the origin "${origin}": ${problem}`);
  }
  if (persistedOnly && registered.count === 0) {
    throw new Error(
      `the "${name}" bff has no registered operations, and answers nothing else: give defineBff its operations and run \`npm run codegen\`, or set PERSISTED_ONLY=off to answer any`,
    );
  }
  if (environment !== 'production') return;
  if (variables['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new Error(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 switches TLS verification off; unset it, and name a private authority with NODE_EXTRA_CA_CERTS',
    );
  }
}

/** What protects a bff from whoever asks. */
export interface Protections {
  readonly persistedOnly: boolean;
  /** Whether anybody may ask for the schema. */
  readonly introspection: boolean;
  readonly rateLimit: boolean;
  /** Whether less is taken on when this process can't keep up. */
  readonly loadShedding: boolean;
}

/** What of that does not work, a line each. */
export function switchedOff(protections: Protections): string[] {
  const { persistedOnly, introspection, rateLimit, loadShedding } = protections;
  return [
    ...(persistedOnly ? [] : ['registered operations only: whatever is asked runs']),
    ...(introspection ? ['hiding the schema: anybody may introspect it'] : []),
    ...(rateLimit ? [] : ['rate limits: nobody has a budget']),
    ...(loadShedding ? [] : ['load shedding: as much as comes is taken on']),
  ];
}
