import { assemblyMs, leastRemainingMs } from '../backend/policy.ts';
import { BackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import type { BatchPlan } from './batch-plan.ts';

/** Why an operation may ask nothing of a batch any more; undefined while it may. */
export function refusalOf(
  { signal, deadline }: RequestContext,
  plan: BatchPlan,
): BackendError | undefined {
  const remainingMs = deadline - assemblyMs - performance.now();
  if (remainingMs < leastRemainingMs) return lateError(plan);
  if (!signal.aborted) return undefined;
  return refused(plan, 'UPSTREAM_UNAVAILABLE', 'was cancelled: nobody waits for its answer');
}

export function lateError(plan: BatchPlan): BackendError {
  return refused(plan, 'UPSTREAM_TIMEOUT', "ran into the operation's deadline");
}

function refused(
  { name, backend }: BatchPlan,
  code: 'UPSTREAM_TIMEOUT' | 'UPSTREAM_UNAVAILABLE',
  what: string,
): BackendError {
  return new BackendError({
    code,
    backend: backend.name,
    message: `batch "${name}" ${what}`,
    retryable: true,
  });
}
