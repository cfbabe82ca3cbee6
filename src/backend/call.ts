import { BackendError, isBackendError } from '../error.ts';
import { type RequestContext, liveBackend } from '../request.ts';
import { type BackendAuth, sendAuthorized, streamAuthorized } from './authorization.ts';
import type { BackendAnswer, BackendCall, BackendCallRecord, CallHints } from './backend.ts';
import { type EffectiveBackendPolicy, assemblyMs, leastRemainingMs, policyOf } from './policy.ts';
import { WireError } from './wire-failure.ts';

/** A deadline noticed so much later passed while our own event loop stood still, in milliseconds. */
const ownDelayMs = 50;

/** What the calls of one backend share. */
export interface CallTarget {
  readonly name: string;
  readonly policy: EffectiveBackendPolicy;
  readonly auth?: BackendAuth;
}

/** What an API knows of a call; deadline, signal and record are added here. */
export type PlannedCall = Pick<BackendCall, 'operation' | 'idempotent' | 'request' | 'headers'>;

/**
 * Makes one call of an operation and records it in `context.calls`, whatever the transport.
 *
 * Deadline: the operation's own less 50 ms for assembly (or the hinted one), at most the policy's
 * `timeoutMs` from now.
 * Fails: BackendError; UPSTREAM_TIMEOUT at once when under 20 ms are left.
 */
export function makeCall(
  context: RequestContext,
  target: CallTarget,
  planned: PlannedCall,
  hints: CallHints | undefined,
): Promise<BackendAnswer> {
  const startedAt = performance.now();
  const { timeoutMs } = policyOf(target.policy, planned.operation);
  const deadline = Math.min(
    hints?.deadline ?? context.deadline - assemblyMs,
    startedAt + timeoutMs,
  );
  const record = startRecord(context, target, planned, hints, startedAt);
  const call = boundCall(context, target, planned, hints, deadline, record);
  if (call.signal.aborted) return Promise.reject(failed(record, call, leftError(call)));
  if (deadline - startedAt < leastRemainingMs) {
    return Promise.reject(failed(record, call, tooLate(call, deadline - startedAt)));
  }
  const live = liveBackend(context, target);
  const through = hints?.through;
  const transport = through
    ? { call: (sent: BackendCall) => through(sent, live.transport) }
    : live.transport;
  return sendAuthorized(context, target, transport, call, leftError).then(
    (answer) => {
      record.durationMs = performance.now() - record.startedAt;
      record.bytes = answer.bytes;
      record.outcome = 'ok';
      hints?.onAnswer?.(answer, call);
      return answer;
    },
    (error: unknown) => {
      throw failed(record, call, error);
    },
  );
}

/**
 * Opens a server stream and records it like a call; it ends when the caller returns, the client
 * leaves, or the backend ends it. It has no deadline of its own.
 */
export function openStream(
  context: RequestContext,
  target: CallTarget,
  planned: PlannedCall,
  hints: CallHints | undefined,
): AsyncIterableIterator<unknown> {
  const record = startRecord(context, target, planned, hints, performance.now());
  record.isStream = true;
  const call = boundCall(context, target, planned, hints, Number.POSITIVE_INFINITY, record);
  const { transport } = liveBackend(context, target);
  if (!transport.stream) throw new Error(`backend "${target.name}" has no streams`);
  const open = (sent: BackendCall) => transport.stream!(sent);
  let values: AsyncIterator<unknown>;
  try {
    values = streamAuthorized(context, target, open, call, leftError)[Symbol.asyncIterator]();
  } catch (error) {
    throw failed(record, call, error);
  }
  const end = (outcome: string): void => {
    if (record.outcome !== 'pending') return;
    record.outcome = outcome;
    record.durationMs = performance.now() - record.startedAt;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await values.next();
        if (result.done) end('ok');
        return result;
      } catch (error) {
        throw record.outcome === 'pending' ? failed(record, call, error) : error;
      }
    },
    async return() {
      end('ok');
      await values.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** The error of a call whose operation is no longer wanted, or whose time is up. */
export function leftError(call: BackendCall): BackendError {
  if (performance.now() >= call.deadline) return lateError(call);
  return new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend: call.backend,
    message: `${call.backend} ${call.operation} was cancelled: nobody waits for its answer`,
    retryable: true,
  });
}

/** The error of a call that was sent and not answered in time. */
export function lateError(call: BackendCall): BackendError {
  return new WireError(
    {
      code: 'UPSTREAM_TIMEOUT',
      backend: call.backend,
      message: `${call.backend} ${call.operation} did not answer by its deadline`,
      retryable: true,
    },
    { blamed: !noticedLate(call) },
  );
}

/** Whether we were so busy ourselves that a timeout says nothing of the backend. */
export function noticedLate(call: BackendCall): boolean {
  return performance.now() - call.deadline > ownDelayMs;
}

function tooLate(call: BackendCall, remainingMs: number): BackendError {
  return new BackendError({
    code: 'UPSTREAM_TIMEOUT',
    backend: call.backend,
    message: `${call.backend} ${call.operation} was not sent: ${Math.max(0, Math.floor(remainingMs))} ms left, at least ${leastRemainingMs} ms needed`,
    retryable: true,
  });
}

function boundCall(
  context: RequestContext,
  target: CallTarget,
  planned: PlannedCall,
  hints: CallHints | undefined,
  deadline: number,
  record: BackendCallRecord,
): BackendCall {
  const declared = policyOf(target.policy, planned.operation).idempotent;
  return {
    backend: target.name,
    operation: planned.operation,
    idempotent: declared ?? hints?.idempotent ?? planned.idempotent,
    request: planned.request,
    headers:
      context.traceCall === undefined
        ? planned.headers
        : { ...planned.headers, traceparent: context.traceCall(record) },
    signal: hints?.signal ?? context.signal,
    deadline,
    caller: context.viewer?.subject ?? context.requestId,
    flow: context.viewer?.subject ?? context.address ?? '',
    record,
  };
}

function startRecord(
  context: RequestContext,
  target: CallTarget,
  planned: PlannedCall,
  hints: CallHints | undefined,
  startedAt: number,
): BackendCallRecord {
  const record: BackendCallRecord = {
    backend: target.name,
    operation: planned.operation,
    startedAt,
    durationMs: 0,
    bytes: 0,
    outcome: 'pending',
  };
  if (hints?.batchSize !== undefined) record.batchSize = hints.batchSize;
  context.calls.push(record);
  return record;
}

/** Closes the record with the error, and hands the error on. */
function failed(record: BackendCallRecord, call: BackendCall, error: unknown): unknown {
  record.durationMs = performance.now() - record.startedAt;
  record.detail = error instanceof Error ? error.message : String(error);
  if (call.signal.aborted && performance.now() < call.deadline) record.outcome = 'cancelled';
  else record.outcome = isBackendError(error) ? error.code : 'INTERNAL_SERVER_ERROR';
  return error;
}
