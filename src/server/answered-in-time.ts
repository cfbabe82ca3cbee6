import { GraphQLError } from 'graphql';
import type { OperationContext } from './operation-context.ts';

/** How long after its signal aborts an operation may still assemble its answer. */
const assemblyMs = 50;

/** The answer, or a failure once the operation's signal has aborted and assembling took too long as well. */
export function answeredInTime<T>(
  answer: T | Promise<T>,
  operation: OperationContext,
): T | Promise<T> {
  if (!isPromise(answer)) return answer;
  return new Promise<T>((resolve, reject) => {
    // Not assigned at once: V8 keeps a function literal written to a property until a full collection.
    const giveUp = () => setTimeout(() => reject(lateError()), assemblyMs);
    operation.onEnd = giveUp;
    if (operation.context.signal.aborted) giveUp();
    answer.then(resolve, reject);
  });
}

/** Aborts when the client leaves, and as long after the deadline as assembling an answer may take. */
export function endOfAssembly(operation: OperationContext): AbortSignal {
  const end = new AbortController();
  const { context, left } = operation;
  const close = () => {
    if (left.aborted) end.abort();
    else setTimeout(() => end.abort(), assemblyMs);
  };
  operation.onEnd = close;
  if (context.signal.aborted) close();
  return end.signal;
}

/** What a client is told that waited too long. */
export function lateError(): GraphQLError {
  return new GraphQLError('The operation was not answered in time.', {
    extensions: { code: 'UPSTREAM_TIMEOUT', retryable: true },
  });
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return value instanceof Promise;
}
