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
import type { Cost } from './admission/cost.ts';
import type { Asking, Budget, Gate } from './admission/gate.ts';
import { answeredInTime, endOfAssembly, lateError } from './answered-in-time.ts';
import type { Auth } from './auth/auth.ts';
import type { Composed, IncrementalAnswer, IncrementalPart, MaybePromise } from './composed.ts';
import type { Logger } from './log.ts';
import type { Environment } from './mask.ts';
import type { WrittenAnswer } from './operation-report.ts';
import { LiveRun, type OperationRun } from './operation-run.ts';
import { createReader } from './read-operation.ts';
import { endableStream, startingWith } from './stream.ts';
import { createSubscriber } from './subscribe-operation.ts';
import type { EventFlow } from './subscription.ts';

/** Who asks for an operation, and over what. The same for every transport. */
export interface Caller extends Asking {
  readonly requestId: string;
  readonly client: ClientIdentity;
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
  | ({ readonly kind: 'single'; readonly type: OperationTypeNode } & WrittenAnswer)
  /** A query's answer without errors, as JSON, and how long who may keep it. */
  | { readonly kind: 'body'; readonly body: JsonBody; readonly cacheControl: string }
  | { readonly kind: 'parts'; readonly parts: AsyncGenerator<IncrementalPart, void, void> }
  | { readonly kind: 'events'; readonly events: EventFlow };

/**
 * `admission` is what was said of the request, where its transport has asked already. No promise where
 * all is at hand, as with a kept answer; a promise never rejects.
 */
export type RunOperation = (
  request: OperationRequest,
  caller: Caller,
  admission?: Admitted<unknown> | Refused,
) => MaybePromise<Outcome>;

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
 * throws: what goes wrong is an outcome.
 */
export function createOperations<Plan>(options: OperationsOptions<Plan>): RunOperation {
  const { composed, admit, gate, caches, answers } = options;
  const { engine } = composed;

  const read = createReader({ composed, answers });
  const subscribe = createSubscriber({ composed, invalidations: caches.invalidations });

  return (request, caller, asked) => {
    const run = new LiveRun(request, caller, options);
    try {
      // Whoever asked did so here.
      const outcome = admitted(run, asked as Admitted<Plan> | Refused | undefined);
      if (!(outcome instanceof Promise)) return ended(run, outcome);
      return outcome.then(
        (late) => ended(run, late),
        (error: unknown) => ended(run, run.failed(error)),
      );
    } catch (error) {
      return ended(run, run.failed(error));
    }
  };

  function ended(run: LiveRun, outcome: Outcome): Outcome {
    if (run.isTaken) gate.ended();
    return outcome;
  }

  function admitted(run: LiveRun, asked?: Admitted<Plan> | Refused): MaybePromise<Outcome> {
    const { request, caller, report } = run;
    const outdated = gate.client(caller);
    if (outdated) return report.refused(outdated);
    const admission = asked ?? admit(request, caller.requestId);
    if (isRefused(admission)) return report.refused(admission);
    const cost = admission.cost(request.variables);
    report.admitted(admission, cost);
    run.type = admission.type;
    const carried = caller.carries(admission);
    if (isRefused(carried)) return report.refused(carried);
    const turned = gate.operation(admission, cost, caller);
    if (turned) return report.refused(turned);
    run.isTaken = true;
    const known = caller.viewer();
    const { incremental } = carried;
    return known instanceof Promise
      ? known.then((viewer) => proceed(viewer, cost, incremental, admission, run))
      : proceed(known, cost, incremental, admission, run);
  }

  /** Once it is known who asks. */
  function proceed(
    viewer: Viewer | null,
    cost: Cost,
    incremental: boolean,
    admission: Admitted<Plan>,
    run: LiveRun,
  ): MaybePromise<Outcome> {
    run.viewer = viewer;
    const spent = gate.spend(run.caller, viewer, cost);
    return spent instanceof Promise
      ? spent.then((budget) => begin(budget, incremental, admission, run))
      : begin(spent, incremental, admission, run);
  }

  function begin(
    budget: Budget,
    incremental: boolean,
    admission: Admitted<Plan>,
    run: LiveRun,
  ): MaybePromise<Outcome> {
    if (isRefused(budget)) return run.report.refused(budget);
    run.caller.tell(budget.headers);
    if (admission.type === 'subscription') return subscribe(admission, run);
    return admission.type === 'query' && !(incremental && admission.inParts)
      ? read(admission, run)
      : execute(admission, incremental, run);
  }

  async function execute(
    { plan, type }: Admitted<Plan>,
    incremental: boolean,
    { request, caller, open, report }: OperationRun,
  ): Promise<Outcome> {
    const operation = open(caller.signal);
    const { context, left } = operation;
    // The engine is told of a client that leaves, not of the deadline: backend calls end at it, and
    // what there is by then is the answer.
    let answer: ExecutionResult | IncrementalAnswer;
    try {
      answer = await answeredInTime(
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
    } catch (error) {
      operation.release();
      throw error;
    }
    if (!isIncremental(answer)) {
      operation.release();
      return { kind: 'single', type, ...report.answer(answer) };
    }
    const { initialResult, subsequentResults } = answer;
    const failed = (error: unknown): IncrementalPart => ({
      errors: [report.maskThrown(error)],
      hasNext: false,
    });
    const parts = endableStream(startingWith(initialResult, subsequentResults), {
      map: (part) => writable(report.maskPart(part)),
      failed,
      cut: () => (left.aborted ? null : failed(lateError())),
      signal: endOfAssembly(operation),
      ended: () => {
        operation.release();
        report.end();
      },
    });
    return { kind: 'parts', parts };
  }
}

/** A part as it is; throws where a scalar of it is nothing that JSON has, before a transport does. */
function writable(part: IncrementalPart): IncrementalPart {
  JSON.stringify(part);
  return part;
}

function isIncremental(answer: ExecutionResult | IncrementalAnswer): answer is IncrementalAnswer {
  return 'initialResult' in answer;
}
