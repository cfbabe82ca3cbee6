import { GraphQLError } from 'graphql';
import { type BackendErrorCode, type ErrorCode, errorCodes, isBackendError } from '../error.ts';
import { redactHosts } from './redact.ts';

export type Environment = 'development' | 'production';

export interface MaskOptions {
  readonly requestId: string;
  readonly environment: Environment;
}

/** What a client sees in place of any failure that it should not know more about. */
export const internalSentence = 'Something went wrong on our side.';

/**
 * What a client may see of an error: a code of the closed set, a safe sentence, its path and
 * locations. Never a host, a stack or what a backend said. In development the message of an
 * internal error is appended, without hosts.
 */
export function maskError(error: unknown, options: MaskOptions): GraphQLError {
  const cause = causeOf(error);
  if (isBackendError(cause)) {
    const upstream = isUpstreamCode(cause.code);
    return maskedError(error, backendSentence(cause.code, cause.backend), options, {
      code: cause.code,
      retryable: cause.retryable,
      ...(upstream ? { backend: cause.backend } : null),
    });
  }
  if (cause instanceof GraphQLError && isErrorCode(cause.extensions.code)) {
    return maskedError(error, cause.message, options, {
      code: cause.extensions.code,
      retryable: cause.extensions.retryable === true,
    });
  }
  const detail =
    options.environment === 'development' && cause instanceof Error && cause.message
      ? ` ${redactHosts(cause.message)}`
      : '';
  return maskedError(error, internalSentence + detail, options, {
    code: 'INTERNAL_SERVER_ERROR',
    retryable: false,
  });
}

/**
 * What a client sees of an error in its own request: the document or its variables. In production
 * without suggestions and without values.
 */
export function maskRequestError(
  error: GraphQLError,
  code: ErrorCode,
  options: MaskOptions,
): GraphQLError {
  const own = error.extensions.code;
  const message =
    options.environment === 'development'
      ? error.message
      : error.message
          .replace(/ Did you mean [^]*\?$/, '')
          .replace(/^(Variable "\$\w+") got invalid value [^]*$/, '$1 got an invalid value.');
  return maskedError(error, message, options, {
    code: isErrorCode(own) ? own : code,
    retryable: false,
  });
}

/** The error that started it: errors of a graph wrap what their field threw. */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return (errorCodes as readonly unknown[]).includes(code);
}

interface PublicExtensions {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly backend?: string;
}

function maskedError(
  error: unknown,
  message: string,
  options: MaskOptions,
  { code, retryable, backend }: PublicExtensions,
): GraphQLError {
  const at = error instanceof GraphQLError ? error : undefined;
  return new GraphQLError(message, {
    nodes: at?.nodes,
    source: at?.source,
    positions: at?.positions,
    path: at?.path,
    extensions: {
      code,
      requestId: options.requestId,
      retryable,
      ...(backend === undefined ? null : { backend }),
    },
  });
}

function isUpstreamCode(code: BackendErrorCode): boolean {
  return code.startsWith('UPSTREAM_') || code === 'CIRCUIT_OPEN';
}

function backendSentence(code: BackendErrorCode, backend: string): string {
  return `The ${backend} service ${whatBackendsDo[code]}.`;
}

const whatBackendsDo: Readonly<Record<BackendErrorCode, string>> = {
  BAD_USER_INPUT: 'refused the input',
  UNAUTHENTICATED: 'asks for a sign-in',
  FORBIDDEN: 'does not allow this',
  NOT_FOUND: 'has nothing by that name',
  CONFLICT: 'refused it, because something changed meanwhile',
  RATE_LIMITED: 'was asked too often',
  UPSTREAM_TIMEOUT: 'did not answer in time',
  UPSTREAM_UNAVAILABLE: 'is not available right now',
  UPSTREAM_OVERLOADED: 'is too busy right now',
  UPSTREAM_BAD_RESPONSE: 'gave an answer that could not be read',
  CIRCUIT_OPEN: 'keeps failing and is given a moment to recover',
};
