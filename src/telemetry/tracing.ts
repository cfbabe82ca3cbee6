import {
  type Attributes,
  type Context,
  context as active,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { BackendCallRecord } from '../backend/backend.ts';
import { callAttributes } from './call-attributes.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import { OwnTracer } from './own-tracer.ts';
import { readTraceparent, traceparentOf } from './trace-context.ts';

export interface TracingOptions {
  /** The bff's name, for spans and as the service's name. */
  readonly bff: string;
  /** Where spans are sent when the process has no OpenTelemetry SDK. @default nowhere */
  readonly otlpEndpoint?: URL | null;
  /** Share of operations that are traced, 0–1, where the caller does not say. @default 1 */
  readonly sampleShare?: number;
  /** Told when the collector stops taking spans. */
  readonly onFailure: (message: string) => void;
}

/** Traces of one server's operations. */
export interface Tracing {
  start(operation: StartedOperation): OperationTrace;
  /** Spans that were dropped since the start. */
  dropped(): number;
  /** Sends what waits, for at most two seconds. */
  close(): Promise<void>;
}

export interface StartedOperation {
  readonly requestId: string;
  readonly client: { readonly name: string | null; readonly version: string | null };
  readonly transport: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/**
 * Traces through the OpenTelemetry SDK that the process was started with (`node --import`), or else
 * through a small exporter of our own when there is an endpoint. Null when there is neither: then
 * nothing is made and nothing is paid.
 */
export function createTracing(options: TracingOptions): Tracing | null {
  const { bff, otlpEndpoint, sampleShare = 1, onFailure } = options;
  if (hasSdk()) {
    return {
      start: (operation) => new OperationTrace(trace.getTracer('tailorbird'), bff, operation),
      dropped: () => 0,
      close: async () => {},
    };
  }
  if (!otlpEndpoint) return null;
  const exporter = new OtlpExporter({ endpoint: otlpEndpoint, service: bff, onFailure });
  const tracer = new OwnTracer({ sampleShare, ended: (span) => exporter.add(span) });
  return {
    start: (operation) => new OperationTrace(tracer, bff, operation),
    dropped: () => exporter.dropped,
    close: () => exporter.close(),
  };
}

/** Without an SDK the API gives spans whose ids are zeros. The span is never ended, so never sent. */
function hasSdk(): boolean {
  const probe = trace.getTracer('tailorbird').startSpan('probe', { root: true }, ROOT_CONTEXT);
  return isSpanContextValid(probe.spanContext());
}

/** The spans of one operation: the operation, its execution, and each backend call below that. */
export class OperationTrace {
  readonly traceId: string;
  readonly #tracer: Pick<Tracer, 'startSpan'>;
  readonly #server: Span;
  readonly #inServer: Context;
  /** Milliseconds between the clock of `performance.now()` and 1970. */
  readonly #epoch = Date.now() - performance.now();
  #execution: Span | undefined;
  #inExecution: Context;
  readonly #calls = new Map<BackendCallRecord, Span>();
  #ended = false;

  constructor(tracer: Pick<Tracer, 'startSpan'>, bff: string, operation: StartedOperation) {
    const { requestId, client, transport, startedAt, traceparent, tracestate } = operation;
    const parent = readTraceparent(traceparent, tracestate);
    const outside = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    this.#tracer = tracer;
    this.#server = tracer.startSpan(
      'graphql',
      {
        kind: SpanKind.SERVER,
        startTime: this.#epoch + startedAt,
        attributes: {
          'tailorbird.bff': bff,
          'tailorbird.transport': transport,
          'tailorbird.request_id': requestId,
          ...(client.name !== null && { 'tailorbird.client.name': client.name }),
          ...(client.version !== null && { 'tailorbird.client.version': client.version }),
        },
      },
      outside,
    );
    this.traceId = this.#server.spanContext().traceId;
    this.#inServer = trace.setSpan(outside, this.#server);
    this.#inExecution = this.#inServer;
  }

  admitted(type: string, name: string | null): void {
    this.#server.updateName(name === null ? type : `${type} ${name}`);
    this.#server.setAttribute('graphql.operation.type', type);
    if (name !== null) this.#server.setAttribute('graphql.operation.name', name);
  }

  /** Runs the operation's plan in a span of its own, the active one for who asks the API. */
  execute<Result>(run: () => Result): Result {
    this.#execution = this.#tracer.startSpan(
      'execute',
      { startTime: this.#epoch + performance.now() },
      this.#inServer,
    );
    this.#inExecution = trace.setSpan(this.#inServer, this.#execution);
    return active.with(this.#inExecution, run);
  }

  /** Begins the span of a backend call; returns the `traceparent` that makes it the parent. */
  readonly traceCall = (record: BackendCallRecord): string => {
    if (this.#ended || !this.#server.isRecording()) {
      return traceparentOf(this.#server.spanContext());
    }
    const span = this.#tracer.startSpan(
      record.operation,
      {
        kind: SpanKind.CLIENT,
        startTime: this.#epoch + record.startedAt,
        attributes: callAttributes(record),
      },
      this.#inExecution,
    );
    this.#calls.set(record, span);
    return traceparentOf(span.spanContext());
  };

  /** Ends the spans of calls that have an outcome: after each event of a subscription. */
  settle(): void {
    for (const [record, span] of this.#calls) {
      if (record.outcome !== 'pending') this.#endCall(record, span);
    }
  }

  /** Ends every span. `failure`: the code that makes the operation a failed one. */
  end(attributes: Attributes, failure: string | undefined): void {
    this.#ended = true;
    for (const [record, span] of this.#calls) this.#endCall(record, span);
    const now = this.#epoch + performance.now();
    this.#execution?.end(now);
    this.#server.setAttributes(attributes);
    if (failure !== undefined) fail(this.#server, failure);
    this.#server.end(now);
  }

  #endCall(record: BackendCallRecord, span: Span): void {
    this.#calls.delete(record);
    const { outcome, attemptedAt = [], endpoint, bytes, batchSize } = record;
    const [, ...again] = attemptedAt;
    again.forEach((at, index) =>
      span.addEvent('retry', { 'tailorbird.attempt': index + 2 }, this.#epoch + at),
    );
    if (endpoint !== undefined) {
      const port = /:(\d+)$/.exec(endpoint)?.[1];
      span.setAttribute('server.address', endpoint.replace(/:\d+$/, ''));
      if (port !== undefined) span.setAttribute('server.port', Number(port));
    }
    if (batchSize !== undefined) span.setAttribute('tailorbird.batch.keys', batchSize);
    span.setAttribute('tailorbird.response.bytes', bytes);
    if (outcome !== 'ok' && outcome !== 'cancelled') fail(span, outcome);
    const lasted = outcome === 'pending' ? performance.now() - record.startedAt : record.durationMs;
    span.end(this.#epoch + record.startedAt + lasted);
  }
}

function fail(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
