import { BackendError, isBackendError } from '../error.ts';
import { type RequestContext, liveBackend } from '../request.ts';
import type {
  Backend,
  BackendAnswer,
  BackendCall,
  BackendCallRecord,
  CallHints,
} from './backend.ts';
import { sendAuthorized, streamAuthorized } from './authorization.ts';
import { assemblyMs, leastRemainingMs } from './policy.ts';

/** What an API knows of a call; deadline, signal and record are added here. */
export type PlannedCall = Pick<BackendCall, 'operation' | 'idempotent' | 'request' | 'headers'>;

/**
 * Makes one call of an operation and records it in `context.calls`, whatever the transport.
 *
 * Deadline: the operation's own less 50 ms for assembly, at most `timeoutMs` from now.
 * Fails: BackendError; UPSTREAM_TIMEOUT at once when under 20 ms are left.
 */
export function makeCall(
  context: RequestContext,
  backend: Pick<Backend, 'name' | 'auth'>,
  timeoutMs: number,
  planned: PlannedCall,
  hints: CallHints | undefined,
): Promise<BackendAnswer> {
  const startedAt = performance.now();
  const deadline =
    hints?.deadline ?? Math.min(context.deadline - assemblyMs, startedAt + timeoutMs);
  const call = boundCall(context, backend, planned, hints, deadline);
  const record = startRecord(context, call, hints, startedAt);
  if (call.signal.aborted) return Promise.reject(failed(record, call, leftError(call)));
  if (deadline - startedAt < leastRemainingMs) {
    return Promise.reject(failed(record, call, tooLate(call, deadline - startedAt)));
  }
  const live = liveBackend(context, backend);
  const through = hints?.through;
  const transport = through
    ? { call: (sent: BackendCall) => through(sent, live.transport) }
    : live.transport;
  return sendAuthorized(context, backend, transport, call, leftError).then(
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
  backend: Pick<Backend, 'name' | 'auth'>,
  planned: PlannedCall,
  hints: CallHints | undefined,
): AsyncIterableIterator<unknown> {
  const call = boundCall(context, backend, planned, hints, Number.POSITIVE_INFINITY);
  const record = startRecord(context, call, hints, performance.now());
  const { transport } = liveBackend(context, backend);
  if (!transport.stream) throw new Error(`backend "${backend.name}" has no streams`);
  const open = (sent: BackendCall) => transport.stream!(sent);
  const stream = streamAuthorized(context, backend, open, call, leftError);
  const values = stream[Symbol.asyncIterator]();
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
  return new BackendError({
    code: 'UPSTREAM_TIMEOUT',
    backend: call.backend,
    message: `${call.backend} ${call.operation} did not answer by its deadline`,
    retryable: true,
  });
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
  backend: Pick<Backend, 'name'>,
  planned: PlannedCall,
  hints: CallHints | undefined,
  deadline: number,
): BackendCall {
  return {
    backend: backend.name,
    operation: planned.operation,
    idempotent: hints?.idempotent ?? planned.idempotent,
    request: planned.request,
    headers: planned.headers,
    signal: hints?.signal ?? context.signal,
    deadline,
  };
}

function startRecord(
  context: RequestContext,
  call: BackendCall,
  hints: CallHints | undefined,
  startedAt: number,
): BackendCallRecord {
  const record: BackendCallRecord = {
    backend: call.backend,
    operation: call.operation,
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
