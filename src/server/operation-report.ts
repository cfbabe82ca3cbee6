import type { ExecutionResult, GraphQLError } from 'graphql';
import type { BackendCallRecord } from '../backend/backend.ts';
import { isBackendError } from '../error.ts';
import type { Admitted, Refused } from './admission/admission.ts';
import type { IncrementalPart } from './composed.ts';
import type { BackendTotals, Failure, Logger, OperationLine } from './log.ts';
import { causeOf, type Environment, isErrorCode, maskError, maskRequestError } from './mask.ts';
import type { Caller, Outcome } from './operations.ts';
import { redactSecrets } from './redact.ts';

/** Masks an operation's errors, remembers what was behind them and writes the one log line. */
export class OperationReport {
  /** The operation's backend calls, once it has a context. */
  calls: readonly BackendCallRecord[] = [];
  readonly #bff: string;
  readonly #caller: Caller;
  readonly #logger: Logger;
  readonly #mask: { readonly requestId: string; readonly environment: Environment };
  readonly #startedAt = performance.now();
  readonly #codes = new Set<string>();
  readonly #failures = new Map<string, Failure>();
  #operation: OperationLine['operation'] = { type: null, name: null };
  #parts: number | undefined;
  #left = false;

  constructor(bff: string, caller: Caller, environment: Environment, logger: Logger) {
    this.#bff = bff;
    this.#caller = caller;
    this.#logger = logger;
    this.#mask = { requestId: caller.requestId, environment };
  }

  admitted({ type, name }: Pick<Admitted<unknown>, 'type' | 'name'>): void {
    this.#operation = { type, name: name && name.slice(0, 128) };
  }

  refused(refused: Refused): Outcome {
    for (const error of refused.errors) this.#codes.add(String(error.extensions.code));
    this.end();
    return { kind: 'refused', refused };
  }

  /** Nobody waits for the answer any more, so it says nothing. */
  left(): Outcome {
    this.#left = true;
    this.end();
    const errors = [maskError(new Error('the client left'), this.#mask)];
    return { kind: 'refused', refused: { errors, status: 499, wellFormed: false } };
  }

  /** A result whose errors are fit for the client; without data, they are the request's own. */
  mask(result: ExecutionResult): ExecutionResult {
    if (!result.errors) return result;
    const ofRequest = !('data' in result);
    return { ...result, errors: result.errors.map((error) => this.#masked(error, ofRequest)) };
  }

  maskEvent(event: ExecutionResult): ExecutionResult {
    this.#parts = (this.#parts ?? 0) + 1;
    return this.mask(event);
  }

  maskPart(part: IncrementalPart): IncrementalPart {
    this.#parts = (this.#parts ?? 0) + 1;
    const { errors, incremental } = part;
    return {
      ...part,
      ...(errors && { errors: errors.map((error) => this.#masked(error, false)) }),
      ...(incremental && {
        incremental: incremental.map((patch) =>
          patch.errors
            ? { ...patch, errors: patch.errors.map((error) => this.#masked(error, false)) }
            : patch,
        ),
      }),
    };
  }

  maskThrown(error: unknown): GraphQLError {
    const masked = maskError(error, this.#mask);
    this.note(error, masked);
    return masked;
  }

  /** Remembers what was behind an error for the log; a cause is kept once, and four at most. */
  note(error: unknown, masked: GraphQLError): void {
    const code = String(masked.extensions.code);
    this.#codes.add(code);
    const cause = causeOf(error);
    if (!isBackendError(cause) && code !== 'INTERNAL_SERVER_ERROR') return;
    const text = redactSecrets(messagesOf(cause));
    const key = `${code} ${text}`;
    if (this.#failures.size >= 4 || this.#failures.has(key)) return;
    this.#failures.set(key, {
      code,
      ...(isBackendError(cause) && { backend: cause.backend }),
      ...(masked.path && { path: masked.path.join('.') }),
      cause: text,
      ...(!isBackendError(cause) &&
        cause instanceof Error && { stack: redactSecrets(cause.stack ?? '', 2_000) }),
    });
  }

  /** Writes the operation's line. */
  end(): void {
    const line: OperationLine = {
      bff: this.#bff,
      requestId: this.#caller.requestId,
      operation: this.#operation,
      client: this.#caller.client,
      transport: this.#caller.transport,
      ms: rounded(performance.now() - this.#startedAt),
      ...(this.#parts !== undefined && { parts: this.#parts }),
      ...(this.#left && { left: true }),
      ...(this.#codes.size > 0 && { errors: [...this.#codes] }),
      ...(this.calls.length > 0 && {
        calls: { count: this.calls.length, backends: totalsByBackend(this.calls) },
      }),
      ...(this.#failures.size > 0 && { failures: [...this.#failures.values()] }),
    };
    if (this.#codes.has('INTERNAL_SERVER_ERROR')) this.#logger.error(line, 'operation');
    else if (this.#failures.size > 0) this.#logger.warn(line, 'operation');
    else this.#logger.info(line, 'operation');
  }

  /** An error of the request (its variables) has no path; one of a field has. */
  #masked(error: GraphQLError, ofRequest: boolean): GraphQLError {
    const own = ofRequest && !error.path && !isBackendError(causeOf(error));
    const masked =
      own && !isErrorCode(error.extensions.code)
        ? maskRequestError(error, 'BAD_USER_INPUT', this.#mask)
        : maskError(error, this.#mask);
    this.note(error, masked);
    return masked;
  }
}

function messagesOf(cause: unknown): string {
  const messages: string[] = [];
  let error = cause;
  for (let depth = 0; error instanceof Error && depth < 4; depth += 1) {
    if (!messages.includes(error.message)) messages.push(error.message);
    error = error.cause;
  }
  return messages.join(': ') || String(cause);
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
