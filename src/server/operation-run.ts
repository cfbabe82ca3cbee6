import { OperationTypeNode } from 'graphql';
import type { Viewer } from '../request.ts';
import type { OperationRequest } from './admission/admission.ts';
import type { Composed } from './composed.ts';
import { type ForwardedHeaders, forwardedHeadersOf } from './forwarded-headers.ts';
import { maskError } from './mask.ts';
import { createOperationContext, type OperationContext } from './operation-context.ts';
import { OperationReport } from './operation-report.ts';
import type { Caller, OperationsOptions, Outcome } from './operations.ts';
import { positionOf } from './subscribe-operation.ts';

/** An operation that was admitted and may begin. */
export interface OperationRun {
  readonly request: OperationRequest;
  readonly caller: Caller;
  /** `Accept-Language`, as resolvers and backends see it. */
  readonly locale: string | null;
  readonly viewer: Viewer | null;
  /** Makes the operation's context, which lives until whoever opened it releases it or the signal aborts. */
  readonly open: (clientSignal: AbortSignal) => OperationContext;
  readonly report: OperationReport;
}

export interface RunOptions
  extends Pick<
    OperationsOptions<unknown>,
    'backends' | 'environment' | 'logger' | 'telemetry' | 'auth' | 'events'
  > {
  readonly composed: Pick<Composed<unknown>, 'name' | 'limits'>;
}

/** The run of one operation, from its request to its outcome. */
export class LiveRun implements OperationRun {
  readonly request: OperationRequest;
  readonly caller: Caller;
  readonly report: OperationReport;
  /** Set once it is known. */
  viewer: Viewer | null = null;
  /** Set once the operation is admitted. */
  type: OperationTypeNode = OperationTypeNode.QUERY;
  /** Whether it is one of those that run at once, and has to be counted out at its end. */
  isTaken = false;
  readonly #headers: ForwardedHeaders;
  readonly #options: RunOptions;

  constructor(request: OperationRequest, caller: Caller, options: RunOptions) {
    const { composed, environment, logger, telemetry } = options;
    this.request = request;
    this.caller = caller;
    this.#options = options;
    this.#headers = forwardedHeadersOf(caller.headers);
    this.report = new OperationReport({
      bff: composed.name,
      caller,
      headers: this.#headers,
      environment,
      logger,
      telemetry,
    });
  }

  get locale(): string | null {
    return this.#headers['accept-language'] ?? null;
  }

  readonly open = (clientSignal: AbortSignal): OperationContext => {
    const { composed, backends, auth, events } = this.#options;
    const { caller, report, request } = this;
    const { type } = this;
    const operation = createOperationContext({
      type,
      requestId: caller.requestId,
      viewer: this.viewer,
      client: caller.client,
      address: caller.address,
      headers: this.#headers,
      traceCall: report.traceCall,
      backends,
      limits: composed.limits,
      clientSignal,
      auth,
      events,
      ...(type === OperationTypeNode.SUBSCRIPTION && { position: positionOf(request, caller) }),
    });
    report.started(operation.context);
    return operation;
  };

  /** What becomes of an operation that something was thrown in. */
  failed(error: unknown): Outcome {
    const { caller, report } = this;
    const { auth, environment } = this.#options;
    if (caller.signal.aborted && this.type !== OperationTypeNode.MUTATION) return report.left();
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
