import type { CallHints } from '../backend/backend.ts';
import type { RequestContext } from '../request.ts';
import { policyOf } from './answer-policy.ts';
import type { BatchPlan } from './batch-plan.ts';
import type { ConditionalReads } from './conditional-reads.ts';
import { type Freshness, freshnessOf, unsaid } from './freshness.ts';

/** What one call of a batch came to: values by key, or why there are none. */
export type BatchAnswer =
  | {
      readonly error: null;
      readonly values: ReadonlyMap<string, unknown>;
      /** How far the backend lets it be kept; the strictest of all its answers. */
      readonly freshness: Freshness;
    }
  | { readonly error: Error };

/** Asks a backend once for distinct keys. Never rejects: a failure is an answer for each of them. */
export async function ask(
  plan: BatchPlan,
  context: RequestContext,
  keys: readonly unknown[],
  args: unknown,
  bounds: Pick<CallHints, 'isShared' | 'signal' | 'deadline'>,
  conditional?: ConditionalReads,
): Promise<BatchAnswer> {
  let freshness = unsaid;
  const { scope } = plan.cache;
  const policy = policyOf(context);
  try {
    const api = plan.backend.api(policy.unwatched(context), {
      ...bounds,
      batchSize: keys.length,
      idempotent: true,
      through(call, transport) {
        policy.declares(call);
        return conditional ? conditional.through(call, transport) : transport.call(call);
      },
      onAnswer(answer, call) {
        plan.operation ??= call.operation;
        if (scope !== 'none') {
          freshness = strictest(freshness, freshnessOf(answer.headers, scope));
        }
      },
    });
    const page = await plan.load(keys, api, args);
    return { error: null, values: plan.valuesOf(page), freshness };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error), { cause: error }) };
  }
}

function strictest(one: Freshness, other: Freshness): Freshness {
  if (other === unsaid) return one;
  return {
    lifetimeMs: Math.min(one.lifetimeMs, other.lifetimeMs),
    mayBeStale: one.mayBeStale && other.mayBeStale,
    storable: one.storable && other.storable,
    variesByLanguage: one.variesByLanguage || other.variesByLanguage,
  };
}
