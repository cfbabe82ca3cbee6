import type { ExecutionResult, OperationTypeNode } from 'graphql';
import type { LiveBackend } from '../backend/backend.ts';
import type { LiveEvents } from '../events/live-events.ts';
import type { AnswerCache, JsonBody } from '../load/answer-cache.ts';
import type { Caches } from '../load/caches.ts';
import type { ClientIdentity, Viewer } from '../request.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import {
  type Admit,
  type Admitted,
  isRefused,
  type OperationRequest,
  type Refused,
} from './admission/admission.ts';
import type { Asking, Gate } from './admission/gate.ts';
import { answeredInTime } from './answered-in-time.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed, IncrementalAnswer, IncrementalPart } from './composed.ts';
import type { Logger } from './log.ts';
import { type Environment, maskError } from './mask.ts';
import { forwardedHeadersOf } from './forwarded-headers.ts';
import { createOperationContext, type OperationContext } from './operation-context.ts';
import { OperationReport } from './operation-report.ts';
import type { OperationRun } from './operation-run.ts';
import { createReader } from './read-operation.ts';
import { endableStream, startingWith } from './stream.ts';
import { createSubscriber, positionOf } from './subscribe-operation.ts';
import type { EventFlow } from './subscription.ts';

/** Who asks for an operation, and over what. The same for every transport. */
export interface Caller extends Asking {
  readonly requestId: string;
  readonly client: ClientIdentity;
  /** `Accept-Language`, as it came. */
  readonly locale: string | null;
  readonly transport: string;
  /** The request's own; only what backends may be told of goes on. */
  readonly headers: Pick<Headers, 'get'>;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Asked once the operation is admitted. */
  readonly viewer: () => Viewer | null | Promise<Viewer | null>;
  /** Refuses what this transport does not carry (a mutation over GET); says how it may answer. */
  readonly carries: (
    operation: Pick<Admitted<unknown>, 'type' | 'registered'>,
  ) => Refused | { readonly incremental: boolean };
  /** Cuts a connection that takes nothing any more; leaves one that does. @default there is none */
  readonly hangUp?: () => void;
  /** Takes headers that go with the answer, where it has any. */
  readonly tell: (headers: Readonly<Record<string, string>>) => void;
}

export type Outcome =
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'single'; readonly type: OperationTypeNode; readonly answer: ExecutionResult }
  /** A query's answer without errors, as JSON, and how long who may keep it. */
  | { readonly kind: 'body'; readonly body: JsonBody; readonly cacheControl: string }
  | { readonly kind: 'parts'; readonly parts: AsyncGenerator<IncrementalPart, void, void> }
  | { readonly kind: 'events'; readonly events: EventFlow };

/** `admission` is what was said of the request, where its transport has asked already. */
export type RunOperation = (
  request: OperationRequest,
  caller: Caller,
  admission?: Admitted<unknown> | Refused,
) => Promise<Outcome>;

export interface OperationsOptions<Plan> {
  readonly composed: Composed<Plan>;
  readonly admit: Admit<Plan>;
  readonly gate: Gate;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** @default nobody is known, and backends get no tokens */
  readonly auth?: Auth | undefined;
  readonly caches: Pick<Caches, 'invalidations'>;
  /** Whole answers of queries, kept as their parts allow. */
  readonly answers: AnswerCache;
  /** @default none run */
  readonly events?: LiveEvents | undefined;
}

/**
 * Runs one operation for any transport: admission, viewer, context, engine, mask, log line. Never
 * rejects: what goes wrong is an outcome.
 */
export function createOperations<Plan>(options: OperationsOptions<Plan>): RunOperation {
  const { composed, admit, gate, backends, environment, logger, telemetry } = options;
  const { auth, caches, answers, events } = options;
  const { engine, limits } = composed;

  const read = createReader({ composed, answers });
  const subscribe = createSubscriber({ composed, invalidations: caches.invalidations });

  return async (request, caller, asked) => {
    const headers = forwardedHeadersOf(caller.headers);
    const report = new OperationReport({
      bff: composed.name,
      caller,
      headers,
      environment,
      logger,
      telemetry,
    });
    let operation: OperationContext | undefined;
    let operationType: OperationTypeNode | undefined;
    let taken = false;
    try {
      const outdated = gate.client(caller);
      if (outdated) return report.refused(outdated);
      // Whoever asked did so here.
      const admission = (asked as Admitted<Plan> | Refused) ?? admit(request, caller.requestId);
      if (isRefused(admission)) return report.refused(admission);
      const cost = admission.cost(request.variables);
      report.admitted(admission, cost);
      operationType = admission.type;
      const carried = caller.carries(admission);
      if (isRefused(carried)) return report.refused(carried);
      const turned = gate.operation(admission, cost, caller);
      if (turned) return report.refused(turned);
      taken = true;

      const known = caller.viewer();
      const viewer = known instanceof Promise ? await known : known;
      const spent = gate.spend(caller, viewer, cost);
      const budget = spent instanceof Promise ? await spent : spent;
      if (isRefused(budget)) return report.refused(budget);
      caller.tell(budget.headers);
      const open = (clientSignal: AbortSignal): OperationContext => {
        operation = createOperationContext({
          type: admission.type,
          requestId: caller.requestId,
          viewer,
          client: caller.client,
          address: caller.address,
          headers,
          traceCall: report.traceCall,
          backends,
          limits,
          clientSignal,
          auth,
          events,
          ...(admission.type === 'subscription' && { position: positionOf(request, caller) }),
        });
        report.started(operation.context);
        return operation;
      };
      const run = { request, caller, viewer, open, report };
      if (admission.type === 'subscription') return await subscribe(admission, run);
      return admission.type === 'query' && !(carried.incremental && admission.inParts)
        ? await read(admission, run)
        : await execute(admission, carried.incremental, run);
    } catch (error) {
      operation?.release();
      if (caller.signal.aborted && operationType !== 'mutation') return report.left();
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
    } finally {
      if (taken) gate.ended();
    }
  };

  async function execute(
    { plan, type }: Admitted<Plan>,
    incremental: boolean,
    { request, caller, open, report }: OperationRun,
  ): Promise<Outcome> {
    const operation = open(caller.signal);
    const { context, left } = operation;
    // The engine is told of a client that leaves, not of the deadline: backend calls end at it, and
    // what there is by then is the answer.
    const answer = await answeredInTime(
      report.execute(() =>
        engine.execute(plan, {
          variables: request.variables ?? undefined,
          context,
          signal: left,
          incremental,
        }),
      ),
      operation,
    );
    if (!isIncremental(answer)) {
      operation.release();
      return { kind: 'single', type, answer: report.answer(answer) };
    }
    const { initialResult, subsequentResults } = answer;
    const parts = endableStream(startingWith(initialResult, subsequentResults), {
      map: (part) => report.maskPart(part),
      failed: (error) => ({ errors: [report.maskThrown(error)], hasNext: false }),
      signal: context.signal,
      ended: () => {
        operation.release();
        report.end();
      },
    });
    return { kind: 'parts', parts };
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

function isIncremental(answer: ExecutionResult | IncrementalAnswer): answer is IncrementalAnswer {
  return 'initialResult' in answer;
}
