import type { ExecutionResult, GraphQLError } from 'graphql';
import type { BackendCallRecord } from '../backend/backend.ts';
import type { CostLimit } from '../limits.ts';
import { JsonText } from '../engine/text.ts';
import type { JsonBody } from '../load/answer-cache.ts';
import type { LoadRecord, RequestContext } from '../request.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { OperationTrace } from '../telemetry/tracing.ts';
import { waterfallOf } from '../telemetry/waterfall.ts';
import type { Admitted, Refused } from './admission/admission.ts';
import type { Cost } from './admission/cost.ts';
import type { IncrementalPart } from './composed.ts';
import { type ForwardedHeaders, traceIdOf } from './forwarded-headers.ts';
import type { Logger, OperationLine } from './log.ts';
import type { Environment } from './mask.ts';
import { OperationErrors } from './operation-errors.ts';
import { operationLine } from './operation-line.ts';
import type { Caller, Outcome } from './operations.ts';

/** An answer that is one result, and its text. */
export interface WrittenAnswer {
  readonly answer: ExecutionResult;
  readonly text: string;
}

export interface ReportOptions {
  readonly bff: string;
  readonly caller: Caller;
  readonly headers: ForwardedHeaders;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'tracing'>;
}

/** Follows an operation to its end, and accounts for it in log, metrics, trace and waterfall. */
export class OperationReport {
  /** Whether the client asked for what its operation asks of backends. */
  readonly showsWaterfall: boolean;
  readonly #bff: string;
  readonly #caller: Caller;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #trace: OperationTrace | undefined;
  readonly #traceId: string | undefined;
  readonly #errors: OperationErrors;
  readonly #startedAt = performance.now();
  /** What the operation, or the subscription apart from its events, asked and found. */
  #work: Work = { startedAt: this.#startedAt, executedAt: this.#startedAt, calls: [], loads: [] };
  #event: Work | undefined;
  #answer: 'kept' | 'shared' | undefined;
  #outcome: string | undefined;
  #operation: OperationLine['operation'] = { type: null, name: null };
  #cost: number | undefined;
  #over: CostLimit | null = null;
  #registered: boolean | null = null;
  #parts: number | undefined;
  #left = false;

  constructor({ bff, caller, headers, environment, logger, telemetry }: ReportOptions) {
    this.#bff = bff;
    this.#caller = caller;
    this.#logger = logger;
    this.#metrics = telemetry.metrics;
    this.#errors = new OperationErrors({ requestId: caller.requestId, environment });
    this.#trace = telemetry.tracing?.start({
      requestId: caller.requestId,
      client: caller.client,
      transport: caller.transport,
      startedAt: this.#startedAt,
      traceparent: headers['traceparent'],
      tracestate: headers['tracestate'],
    });
    this.#traceId = this.#trace?.traceId ?? traceIdOf(headers);
    this.showsWaterfall =
      environment === 'development' && caller.headers.get(waterfallHeader) === '1';
    this.#metrics.operationStarted();
  }

  /** Takes a backend call into the operation's trace; undefined without one. */
  get traceCall(): RequestContext['traceCall'] {
    return this.#trace?.traceCall;
  }

  admitted(
    { type, name, registered }: Pick<Admitted<unknown>, 'type' | 'name' | 'registered'>,
    { points, exceeds }: Cost,
  ): void {
    this.#operation = { type, name: name && name.slice(0, 128) };
    this.#trace?.admitted(type, this.#operation.name);
    this.#cost = points;
    this.#over = exceeds;
    this.#registered = registered;
  }

  /** From now on the context collects what the operation asks and finds. */
  started(context: RequestContext): void {
    this.#work = workOf(context, this.#startedAt);
  }

  /** Runs the operation's plan, in its trace. */
  execute<Result>(run: () => Result): Result {
    return this.#trace ? this.#trace.execute(run) : run();
  }

  /** An event of the subscription is about to be answered in this context. */
  eventStarted(context: RequestContext): RequestContext {
    this.#event = workOf(context, performance.now());
    return context;
  }

  /** Whether the whole answer was at hand, or made for somebody else at this moment. */
  reused({ shared }: { readonly shared: boolean }): void {
    if (shared) this.#answer = 'shared';
    else if (this.#work.executedAt === this.#startedAt) this.#answer = 'kept';
    this.#metrics.answered(this.#answer ?? 'made');
  }

  refused(refused: Refused): Outcome {
    for (const error of refused.errors) this.#errors.told(error);
    this.#outcome = [...this.#errors.codes][0];
    this.end();
    return { kind: 'refused', refused };
  }

  /** Nobody waits for the answer any more, so it says nothing. */
  left(): Outcome {
    this.#left = true;
    this.#outcome = 'left';
    this.end();
    const errors = [this.#errors.forNobody('the client left')];
    return { kind: 'refused', refused: { errors, status: 499, wellFormed: false } };
  }

  /**
   * The whole answer, as the client gets it, and the end of the operation. Throws before that where
   * a scalar of it is nothing that JSON has.
   */
  answer(result: ExecutionResult): WrittenAnswer {
    const masked = this.#errors.maskResult(result);
    const text = JSON.stringify(masked);
    if (!('data' in result)) this.#outcome = [...this.#errors.codes][0];
    else if (result.data === null && result.errors) this.#outcome = 'failed';
    this.end();
    if (!this.showsWaterfall) return { answer: masked, text };
    const answer = this.#withWaterfall(masked, this.#work);
    return { answer, text: JSON.stringify(answer) };
  }

  /** The same for an answer without errors that is text already. */
  answerBody(body: JsonBody): JsonBody {
    this.end();
    if (!this.showsWaterfall) return body;
    const answer = JSON.parse(body.toString()) as ExecutionResult;
    return new JsonText(JSON.stringify(this.#withWaterfall(answer, this.#work)));
  }

  /**
   * What the client is told of an event's answer: text as it is, a result with its errors masked.
   * What was asked for it is accounted to whom it was made for.
   */
  event(answer: string | ExecutionResult): string | ExecutionResult {
    this.#parts = (this.#parts ?? 0) + 1;
    const work = this.#event;
    this.#event = undefined;
    this.#metrics.eventSent(this.#operation.name, work?.calls ?? none, work?.loads ?? none);
    this.#trace?.settle();
    const isShown = this.showsWaterfall && work !== undefined;
    if (typeof answer === 'string' && !isShown) return answer;
    const result =
      typeof answer === 'string'
        ? (JSON.parse(answer) as ExecutionResult)
        : this.#errors.maskResult(answer);
    return isShown ? this.#withWaterfall(result, work) : result;
  }

  maskPart(part: IncrementalPart): IncrementalPart {
    this.#parts = (this.#parts ?? 0) + 1;
    const { errors, incremental } = part;
    return {
      ...(this.showsWaterfall && !part.hasNext ? this.#withWaterfall(part, this.#work) : part),
      ...(errors && { errors: errors.map((error) => this.#errors.masked(error, false)) }),
      ...(incremental && {
        incremental: incremental.map((patch) =>
          patch.errors
            ? { ...patch, errors: patch.errors.map((error) => this.#errors.masked(error, false)) }
            : patch,
        ),
      }),
    };
  }

  maskThrown(error: unknown): GraphQLError {
    return this.#errors.maskThrown(error);
  }

  /** Remembers what was behind an error that was masked elsewhere. */
  note(error: unknown, masked: GraphQLError): void {
    this.#errors.note(error, masked);
  }

  /** Writes the operation's line, and ends its metrics and its trace. */
  end(): void {
    const { calls, loads } = this.#work;
    const { codes, failures } = this.#errors;
    const durationMs = performance.now() - this.#startedAt;
    const { client } = this.#caller;
    const outcome = this.#outcome ?? (codes.size === 0 ? 'ok' : 'partial');
    this.#metrics.operationEnded({
      type: this.#operation.type,
      name: this.#operation.name,
      client,
      outcome,
      codes,
      durationMs,
      calls,
      loads,
    });
    this.#trace?.end({ 'tailorbird.outcome': outcome }, [...codes].find(isOurFailure));
    const line = operationLine({
      bff: this.#bff,
      caller: this.#caller,
      operation: this.#operation,
      durationMs,
      traceId: this.#traceId,
      parts: this.#parts,
      left: this.#left,
      cost: this.#cost,
      over: this.#over,
      registered: this.#registered,
      calls,
      codes,
      failures,
    });
    if (codes.has('INTERNAL_SERVER_ERROR')) this.#logger.error(line, 'operation');
    else if (failures.length > 0) this.#logger.warn(line, 'operation');
    else this.#logger.info(line, 'operation');
  }

  #withWaterfall<Result extends { readonly extensions?: Readonly<Record<string, unknown>> }>(
    result: Result,
    work: Work,
  ): Result {
    const tailorbird = waterfallOf({
      ...work,
      requestId: this.#caller.requestId,
      traceId: this.#traceId,
      answer: this.#answer,
      endedAt: performance.now(),
    });
    return { ...result, extensions: { ...result.extensions, tailorbird } };
  }
}

const none: readonly never[] = [];

/** What was asked and found from a moment on, on the clock of `performance.now()`. */
interface Work {
  readonly startedAt: number;
  readonly executedAt: number;
  readonly calls: readonly BackendCallRecord[];
  readonly loads: readonly LoadRecord[];
}

function workOf({ calls, loads = [] }: RequestContext, startedAt: number): Work {
  return { startedAt, executedAt: performance.now(), calls, loads };
}

/** In development, a request that carries it with `1` is answered with its waterfall in `extensions`. */
const waterfallHeader = 'x-tailorbird-waterfall';

/** Whether a code says that we failed, or a backend, rather than the client. */
function isOurFailure(code: string): boolean {
  return (
    code === 'INTERNAL_SERVER_ERROR' || code === 'CIRCUIT_OPEN' || code.startsWith('UPSTREAM_')
  );
}
