import type { BackendCallRecord } from '../backend/backend.ts';
import type { CostLimit } from '../limits.ts';
import type { BackendTotals, Failure, OperationLine } from './log.ts';
import type { Caller } from './operations.ts';

/** What is known of an operation when its line is written. */
export interface LineFacts {
  readonly bff: string;
  readonly caller: Pick<Caller, 'requestId' | 'client' | 'transport'>;
  readonly operation: OperationLine['operation'];
  readonly durationMs: number;
  readonly traceId: string | undefined;
  /** Parts or events that were sent; undefined for an answer in one piece. */
  readonly parts: number | undefined;
  /** Whether its client had left. */
  readonly left: boolean;
  /** In points; undefined when it was refused before it was known. */
  readonly cost: number | undefined;
  readonly over: CostLimit | null;
  /** Null when nobody looked. */
  readonly registered: boolean | null;
  readonly calls: readonly BackendCallRecord[];
  /** Distinct codes of its errors. */
  readonly codes: ReadonlySet<string>;
  readonly failures: readonly Failure[];
}

/** The one line of an operation, with what there is to say only. */
export function operationLine(facts: LineFacts): OperationLine {
  const { bff, caller, operation, durationMs, calls, codes, failures } = facts;
  const line: { -readonly [Field in keyof OperationLine]: OperationLine[Field] } = {
    bff,
    requestId: caller.requestId,
    operation,
    client: caller.client,
    transport: caller.transport,
    ms: rounded(durationMs),
  };
  if (facts.traceId !== undefined) line.traceId = facts.traceId;
  if (facts.parts !== undefined) line.parts = facts.parts;
  if (facts.left) line.left = true;
  if (facts.cost !== undefined) line.cost = facts.cost;
  if (facts.over !== null) line.over = facts.over;
  if (facts.registered === false) line.unregistered = true;
  if (codes.size > 0) line.errors = [...codes];
  if (calls.length > 0) line.calls = { count: calls.length, backends: totalsByBackend(calls) };
  if (failures.length > 0) line.failures = failures;
  return line;
}

function totalsByBackend(calls: readonly BackendCallRecord[]): Record<string, BackendTotals> {
  const totals: Record<string, BackendTotals> = {};
  for (const call of calls) {
    const so = totals[call.backend] ?? { calls: 0, ms: 0 };
    totals[call.backend] = {
      calls: so.calls + 1,
      ms: rounded(so.ms + call.durationMs),
      ...(call.outcome === 'ok'
        ? so.outcomes && { outcomes: so.outcomes }
        : { outcomes: { ...so.outcomes, [call.outcome]: (so.outcomes?.[call.outcome] ?? 0) + 1 } }),
    };
  }
  return totals;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
