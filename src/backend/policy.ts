import type { Backend, BackendPolicy } from './backend.ts';

/** A policy with nothing left open. */
export type EffectiveBackendPolicy = Required<BackendPolicy>;

/** Time kept from the operation's deadline for assembling the answer, in milliseconds. */
export const assemblyMs = 50;

/** A call with less time left than this is not sent, in milliseconds. */
export const leastRemainingMs = 20;

const defaults: EffectiveBackendPolicy = {
  timeoutMs: 1_000,
  connectTimeoutMs: 500,
  maxResponseBytes: 8 * 1024 * 1024,
  maxConnections: 32,
};

/**
 * The policy that calls to a backend run under: the defaults of its kind, then its own options.
 *
 * Fails: RangeError naming backend, option and value, unless each is a positive number.
 */
export function effectivePolicy(
  backend: Pick<Backend, 'name' | 'kind' | 'policy'>,
): EffectiveBackendPolicy {
  const kind = backend.kind === 'grpc' ? { maxResponseBytes: 4 * 1024 * 1024 } : {};
  const policy = { ...defaults, ...kind, ...backend.policy };
  for (const [option, value] of Object.entries(policy)) {
    if (typeof value === 'number' && value > 0) continue;
    throw new RangeError(
      `backend "${backend.name}": policy.${option} must be a number above 0, but got: ${String(value)}`,
    );
  }
  return policy;
}
