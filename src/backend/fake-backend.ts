import type {
  BackendCall,
  GraphqlRequest,
  GrpcRequest,
  RestRequest,
  Transport,
} from './backend.ts';
import { lateError, leftError } from './call.ts';
import { didYouMean } from './did-you-mean.ts';

/** A backend without a wire, for tests: hand it to `createServer(bff, { backends: { airports } })`. */
export interface FakeBackend extends Transport {
  /** Each call made, in order. */
  readonly calls: readonly BackendCall[];
}

type RequestOf<Operation> = Operation extends `${RestRequest['method']} /${string}`
  ? RestRequest
  : Operation extends `${'query' | 'mutation'} ${string}`
    ? GraphqlRequest
    : GrpcRequest;

/** Methods, not properties: a handler may name the narrower request that it is written for. */
export type FakeHandlers<Operation extends string> = {
  [Name in Operation]: {
    handler(request: RequestOf<Name>, call: BackendCall): unknown;
  }['handler'];
};

/**
 * Answers calls from functions, one for each operation as its calls name it: `GET /airports/{iata}`,
 * `flights.v1.Flights/BatchGetFlights`, `query Name`.
 *
 * A handler returns the value or a promise of it (for a stream: an iterable), or throws, usually a
 * `BackendError`. Deadline and cancellation hold as on a real wire.
 * Fails: Error naming the nearest operation, for a call without a handler.
 */
export function fakeBackend<const Operation extends string>(
  handlers: FakeHandlers<Operation>,
): FakeBackend {
  const calls: BackendCall[] = [];
  const handle = (call: BackendCall): unknown => {
    calls.push(call);
    const byName: Partial<Record<string, (request: unknown, call: BackendCall) => unknown>> =
      handlers as object; // each handler takes the request of its own operation
    const handler = byName[call.operation];
    if (handler) return handler(call.request, call);
    const known = Object.keys(handlers);
    throw new Error(
      `fake backend "${call.backend}" has no "${call.operation}"${didYouMean(call.operation, known) || `; it has: ${known.join(', ')}`}`,
    );
  };
  return {
    calls,
    async call(call) {
      const value = await inTime(call, handle(call));
      return { value, headers: {}, bytes: 0 };
    },
    stream: (call) => fakeStream(call, async () => handle(call)),
    async probe() {
      return true;
    },
    async close() {},
  };
}

type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;

async function* iteratorOf(values: AnyIterable): AsyncIterator<unknown> {
  yield* values;
}

/** Yields what the handler's iterable does; returning or leaving never waits for its next value. */
function fakeStream(
  call: BackendCall,
  open: () => Promise<unknown>,
): AsyncIterableIterator<unknown> {
  const ended = Promise.withResolvers<IteratorReturnResult<undefined>>();
  ended.promise.catch(() => {}); // whoever reads next hears of it
  call.signal.addEventListener('abort', () => ended.reject(leftError(call)), { once: true });
  let source: Promise<AsyncIterator<unknown>> | undefined;
  const opened = (): Promise<AsyncIterator<unknown>> => {
    source ??= open().then((values) => iteratorOf(values as AnyIterable)); // by a stream handler's contract
    return source;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => Promise.race([ended.promise, opened().then((values) => values.next())]),
    async return() {
      ended.resolve({ done: true, value: undefined });
      void source?.then((values) => values.return?.());
      return ended.promise;
    },
  };
}

/** The value, unless the call's deadline or its client ends it first. */
async function inTime(call: BackendCall, value: unknown): Promise<unknown> {
  if (!(value instanceof Promise)) return value;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(lateError(call)), call.deadline - performance.now());
  const leave = (): void => reject(leftError(call));
  call.signal.addEventListener('abort', leave);
  try {
    return await Promise.race([value, ended]);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', leave);
  }
}
