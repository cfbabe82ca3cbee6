import type { BackendCallRecord } from '../backend/backend.ts';
import type { LoadRecord } from '../request.ts';

/** What an operation did, for the explorer. Times in milliseconds, from the operation's start. */
export interface Waterfall {
  readonly requestId: string;
  readonly traceId?: string;
  readonly durationMs: number;
  /** When the engine began: admission and login were before. */
  readonly executedAtMs: number;
  /** `kept`: the whole answer was at hand; `shared`: somebody else asked the same just now. */
  readonly answer?: 'kept' | 'shared';
  readonly calls: readonly WaterfallCall[];
  readonly batches: readonly WaterfallBatch[];
}

export interface WaterfallCall {
  readonly backend: string;
  readonly operation: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** Keys asked for, when the call is a batch. */
  readonly batchSize?: number;
  /** `pending`, `ok`, `cancelled`, or the code of the error. */
  readonly outcome: string;
  readonly bytes: number;
  readonly attempts: number;
  /** When each attempt began; before the first one it waited. */
  readonly attemptsMs: readonly number[];
  /** Host and port of the last attempt. */
  readonly endpoint?: string;
}

/** Where the values of one batch came from: counts of keys. */
export interface WaterfallBatch {
  readonly backend: string;
  readonly batch: string;
  readonly keys: number;
  /** Asked for before, in the same operation. */
  readonly repeated: number;
  readonly fresh: number;
  readonly stale: number;
  readonly stored: number;
  readonly joined: number;
  readonly asked: number;
  readonly insteadOfError: number;
}

export interface WaterfallSource {
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly answer: 'kept' | 'shared' | undefined;
  /** On the clock of `performance.now()`, as the rest. */
  readonly startedAt: number;
  readonly executedAt: number;
  readonly endedAt: number;
  readonly calls: readonly BackendCallRecord[];
  readonly loads: readonly LoadRecord[];
}

export function waterfallOf(source: WaterfallSource): Waterfall {
  const { requestId, traceId, answer, startedAt, executedAt, endedAt, calls, loads } = source;
  return {
    requestId,
    ...(traceId !== undefined && { traceId }),
    durationMs: rounded(endedAt - startedAt),
    ...(answer !== undefined && { answer }),
    executedAtMs: rounded(executedAt - startedAt),
    calls: calls.map((call) => ({
      backend: call.backend,
      operation: call.operation,
      startMs: rounded(call.startedAt - startedAt),
      durationMs: rounded(call.outcome === 'pending' ? endedAt - call.startedAt : call.durationMs),
      ...(call.batchSize !== undefined && { batchSize: call.batchSize }),
      outcome: call.outcome,
      bytes: call.bytes,
      attempts: call.attempts ?? 1,
      attemptsMs: (call.attemptedAt ?? []).map((at) => rounded(at - startedAt)),
      ...(call.endpoint !== undefined && { endpoint: call.endpoint }),
    })),
    batches: loads
      .filter(({ keys }) => keys > 0)
      .map(({ batch, keys, fresh, stale, stored, joined, asked, insteadOfError }) => ({
        backend: batch.backend.name,
        batch: batch.name,
        keys,
        repeated: Math.max(0, keys - fresh - stale - stored - joined - asked),
        fresh,
        stale,
        stored,
        joined,
        asked,
        insteadOfError,
      })),
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
