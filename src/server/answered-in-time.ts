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

function lateError(): GraphQLError {
  return new GraphQLError('The operation was not answered in time.', {
    extensions: { code: 'UPSTREAM_TIMEOUT', retryable: true },
  });
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return value instanceof Promise;
}
