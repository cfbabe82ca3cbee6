import { type ExecutionResult, GraphQLError, type OperationTypeNode } from 'graphql';
import type { LiveBackend } from '../backend/backend.ts';
import type { ClientIdentity, Viewer } from '../request.ts';
import {
  type Admit,
  type Admitted,
  isRefused,
  type OperationRequest,
  type Refused,
} from './admission/admission.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed, IncrementalAnswer, IncrementalPart } from './composed.ts';
import type { Logger } from './log.ts';
import { type Environment, maskError } from './mask.ts';
import { createOperationContext, type OperationContext } from './operation-context.ts';
import { OperationReport } from './operation-report.ts';
import { endableStream } from './stream.ts';

/** Who asks for an operation, and over what. The same for every transport. */
export interface Caller {
  readonly requestId: string;
  readonly client: ClientIdentity;
  readonly transport: string;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Asked once the operation is admitted. */
  readonly viewer: () => Viewer | null | Promise<Viewer | null>;
  /** Refuses what this transport does not carry (a mutation over GET); says how it may answer. */
  readonly carries: (type: OperationTypeNode) => Refused | { readonly incremental: boolean };
}

export type Outcome =
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'single'; readonly type: OperationTypeNode; readonly answer: ExecutionResult }
  | { readonly kind: 'parts'; readonly parts: AsyncGenerator<IncrementalPart, void, void> }
  | { readonly kind: 'events'; readonly events: AsyncGenerator<ExecutionResult, void, void> };

export type RunOperation = (request: OperationRequest, caller: Caller) => Promise<Outcome>;

export interface OperationsOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly admit: Admit<Plan>;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  readonly environment: Environment;
  readonly logger: Logger;
  /** @default nobody is known, and backends get no tokens */
  readonly auth?: Auth | undefined;
}

/**
 * Runs one operation for any transport: admission, viewer, context, engine, mask, log line. Never
 * rejects: what goes wrong is an outcome.
 */
export function createOperations<Plan>(options: OperationsOptions<Plan>): RunOperation {
  const { composed, admit, backends, environment, logger, auth } = options;
  const { engine, limits } = composed;

  return async (request, caller) => {
    const report = new OperationReport(composed.name, caller, environment, logger);
    let operation: OperationContext | undefined;
    try {
      const admission = admit(request, caller.requestId);
      if (isRefused(admission)) return report.refused(admission);
      report.admitted(admission);
      const carried = caller.carries(admission.type);
      if (isRefused(carried)) return report.refused(carried);

      operation = createOperationContext({
        type: admission.type,
        requestId: caller.requestId,
        viewer: await caller.viewer(),
        client: caller.client,
        backends,
        limits,
        clientSignal: caller.signal,
        auth,
      });
      report.calls = operation.context.calls;
      const run = { request, operation, report };
      return admission.type === 'subscription'
        ? await subscribe(admission, run)
        : await execute(admission, carried.incremental, run);
    } catch (error) {
      operation?.release();
      if (operation?.left.aborted) return report.left();
      const masked = maskError(error, { requestId: caller.requestId, environment });
      report.note(error, masked);
      return report.refused({
        errors: [masked],
        status: statusByCode[String(masked.extensions.code)] ?? 500,
        wellFormed: false,
        ...(auth?.challenge !== undefined &&
          masked.extensions.code === 'UNAUTHENTICATED' && {
            headers: { 'www-authenticate': auth.challenge },
          }),
      });
    }
  };

  interface Run {
    readonly request: OperationRequest;
    readonly operation: OperationContext;
    readonly report: OperationReport;
  }

  async function execute(
    { plan, type }: Admitted<Plan>,
    incremental: boolean,
    { request, operation, report }: Run,
  ): Promise<Outcome> {
    const { context, left, release } = operation;
    const { signal } = context;
    // The engine is told of a client that leaves, not of the deadline: backend calls end at it, and
    // what there is by then is the answer.
    const answer = await answeredInTime(
      engine.execute(plan, {
        variables: request.variables ?? undefined,
        context,
        signal: left,
        incremental,
      }),
      signal,
    );
    if (!isIncremental(answer)) {
      release();
      const masked = report.mask(answer);
      report.end();
      return { kind: 'single', type, answer: masked };
    }
    const { initialResult, subsequentResults } = answer;
    const parts = endableStream(startingWith(initialResult, subsequentResults), {
      map: (part) => report.maskPart(part),
      failed: (error) => ({ errors: [report.maskThrown(error)], hasNext: false }),
      signal,
      ended: () => {
        release();
        report.end();
      },
    });
    return { kind: 'parts', parts };
  }

  async function subscribe(
    { plan, type }: Admitted<Plan>,
    { request, operation, report }: Run,
  ): Promise<Outcome> {
    const { context, eventContext, release } = operation;
    const source = await engine.subscribe(plan, {
      variables: request.variables ?? undefined,
      context,
      signal: context.signal,
      eventContext,
    });
    if (!isEvents(source)) {
      release();
      const answer = report.mask(source);
      report.end();
      return { kind: 'single', type, answer };
    }
    const events = endableStream(source, {
      map: (event) => report.maskEvent(event),
      failed: (error) => ({ data: null, errors: [report.maskThrown(error)] }),
      signal: context.signal,
      ended: () => {
        release();
        report.end();
      },
    });
    return { kind: 'events', events };
  }
}

/** Statuses of an operation that never ran, by what stopped it. */
const statusByCode: Readonly<Record<string, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_OVERLOADED: 503,
  UPSTREAM_BAD_RESPONSE: 502,
  CIRCUIT_OPEN: 503,
};

/** How long after its signal aborts an operation may still assemble its answer. */
const assemblyMs = 50;

/** The answer, or a failure once the signal has aborted and assembling took too long as well. */
function answeredInTime<T>(answer: T | Promise<T>, signal: AbortSignal): T | Promise<T> {
  if (!isPromise(answer)) return answer;
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = () => {
      timer = setTimeout(() => reject(lateError()), assemblyMs);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    });
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

function isIncremental(answer: ExecutionResult | IncrementalAnswer): answer is IncrementalAnswer {
  return 'initialResult' in answer;
}

function isEvents(
  source: AsyncGenerator<ExecutionResult, void, void> | ExecutionResult,
): source is AsyncGenerator<ExecutionResult, void, void> {
  return Symbol.asyncIterator in source;
}

/** `first`, then the rest; closing it closes the rest even before it was read. */
function startingWith<T>(
  first: T,
  rest: AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  let isFirst = true;
  return {
    next: async () => {
      if (!isFirst) return rest.next();
      isFirst = false;
      return { done: false, value: first };
    },
    return: () => rest.return(),
    throw: (error) => rest.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await rest.return()),
  };
}
