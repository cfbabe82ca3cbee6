import type { ExecutionResult, GraphQLError } from 'graphql';
import { isBackendError } from '../error.ts';
import type { Failure } from './log.ts';
import { causeOf, isErrorCode, maskError, type MaskOptions, maskRequestError } from './mask.ts';
import { redactSecrets } from './redact.ts';

/** Masks an operation's errors, and remembers their codes and what was behind them. */
export class OperationErrors {
  #codes: Set<string> | undefined;
  #failures: Map<string, Failure> | undefined;
  readonly #mask: MaskOptions;

  constructor(mask: MaskOptions) {
    this.#mask = mask;
  }

  /** Distinct codes of the answer. */
  get codes(): ReadonlySet<string> {
    return this.#codes ?? none;
  }

  /** Distinct causes, at most four. */
  get failures(): readonly Failure[] {
    return this.#failures === undefined ? [] : [...this.#failures.values()];
  }

  /** A result whose errors are fit for the client; without data, they are the request's own. */
  maskResult(result: ExecutionResult): ExecutionResult {
    if (!result.errors) return result;
    const ofRequest = !('data' in result);
    return { ...result, errors: result.errors.map((error) => this.masked(error, ofRequest)) };
  }

  /** An error of the request (its variables) has no path; one of a field has. */
  masked(error: GraphQLError, ofRequest: boolean): GraphQLError {
    const own = ofRequest && !error.path && !isBackendError(causeOf(error));
    const masked =
      own && !isErrorCode(error.extensions.code)
        ? maskRequestError(error, 'BAD_USER_INPUT', this.#mask)
        : maskError(error, this.#mask);
    this.note(error, masked);
    return masked;
  }

  maskThrown(error: unknown): GraphQLError {
    const masked = maskError(error, this.#mask);
    this.note(error, masked);
    return masked;
  }

  /** An error that is fit for the client already. */
  told(error: GraphQLError): void {
    (this.#codes ??= new Set()).add(String(error.extensions.code));
  }

  /** An error that nobody reads, and that is not remembered. */
  forNobody(message: string): GraphQLError {
    return maskError(new Error(message), this.#mask);
  }

  /** Remembers what was behind an error for the log; a cause is kept once, and four at most. */
  note(error: unknown, masked: GraphQLError): void {
    const code = String(masked.extensions.code);
    this.told(masked);
    const cause = causeOf(error);
    if (!isBackendError(cause) && code !== 'INTERNAL_SERVER_ERROR') return;
    const text = redactSecrets(messagesOf(cause));
    const key = `${code} ${text}`;
    const failures = (this.#failures ??= new Map());
    if (failures.size >= 4 || failures.has(key)) return;
    failures.set(key, {
      code,
      ...(isBackendError(cause) && { backend: cause.backend }),
      ...(masked.path && { path: masked.path.join('.') }),
      cause: text,
      ...(!isBackendError(cause) &&
        cause instanceof Error && { stack: redactSecrets(cause.stack ?? '', 2_000) }),
    });
  }
}

const none: ReadonlySet<string> = new Set();

/** The messages of an error and its causes, without those that another says already. */
function messagesOf(cause: unknown): string {
  const messages: string[] = [];
  let error = cause;
  for (let depth = 0; error instanceof Error && depth < 4; depth += 1) {
    const { message } = error;
    if (!messages.some((told) => told.includes(message))) messages.push(message);
    error = error.cause;
  }
  return messages.join(': ') || String(cause);
}
