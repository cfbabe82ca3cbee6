import type { CallHints } from '../backend/backend.ts';
import type { RequestContext } from '../request.ts';
import type { BatchPlan } from './batch-plan.ts';
import { longestLifetimeMs } from './freshness.ts';

/** What one call of a batch came to: values by key, or why there are none. */
export type BatchAnswer =
  | {
      readonly error: null;
      readonly values: ReadonlyMap<string, unknown>;
      /** How long the backend lets it be kept, in milliseconds; the shortest of all its answers. */
      readonly lifetimeMs: number;
    }
  | { readonly error: Error };

/** Asks a backend once for distinct keys. Never rejects: a failure is an answer for each of them. */
export async function ask(
  plan: BatchPlan,
  context: RequestContext,
  keys: readonly unknown[],
  args: unknown,
  bounds: Pick<CallHints, 'signal' | 'deadline'>,
): Promise<BatchAnswer> {
  let lifetimeMs = Number.POSITIVE_INFINITY;
  const { scope } = plan.cache;
  try {
    const api = plan.backend.api(context, {
      ...bounds,
      batchSize: keys.length,
      idempotent: true,
      onAnswer(answer, call) {
        plan.operation ??= call.operation;
        if (scope === 'none') return;
        lifetimeMs = Math.min(lifetimeMs, longestLifetimeMs(answer.headers, scope));
      },
    });
    const page = await plan.load(keys, api, args);
    return { error: null, values: plan.valuesOf(page), lifetimeMs };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error), { cause: error }) };
  }
}
