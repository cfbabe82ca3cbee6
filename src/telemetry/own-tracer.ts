import { randomFillSync } from 'node:crypto';
import {
  type Attributes,
  type AttributeValue,
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';

export interface OwnTracerOptions {
  /** Share of new traces that are recorded, 0–1; below a parent the parent decides. */
  readonly sampleShare: number;
  readonly ended: (span: EndedSpan) => void;
}

/** What is exported of a span. Times in milliseconds since 1970. */
export interface EndedSpan {
  readonly context: SpanContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Attributes>;
  readonly events: readonly SpanEvent[];
  readonly status: SpanStatus;
}

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: Readonly<Attributes>;
}

/** As much of a tracer as our own spans need: explicit parents and times in milliseconds since 1970. */
export class OwnTracer implements Pick<Tracer, 'startSpan'> {
  readonly #options: OwnTracerOptions;

  constructor(options: OwnTracerOptions) {
    this.#options = options;
  }

  startSpan(name: string, options: SpanOptions, within: Context): Span {
    const parent = trace.getSpanContext(within);
    const traceId = parent?.traceId ?? randomHex(16);
    const isSampled = parent
      ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0
      : shareOf(traceId) < this.#options.sampleShare;
    const context: SpanContext = {
      traceId,
      spanId: randomHex(8),
      traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      ...(parent?.traceState && { traceState: parent.traceState }),
    };
    if (!isSampled) return trace.wrapSpanContext(context);
    return new OwnSpan(name, options, context, parent?.spanId, this.#options.ended);
  }
}

class OwnSpan implements Span {
  readonly #context: SpanContext;
  readonly #parentSpanId: string | undefined;
  readonly #kind: SpanKind;
  readonly #startMs: number;
  readonly #attributes: Attributes;
  readonly #events: SpanEvent[] = [];
  readonly #ended: (span: EndedSpan) => void;
  #name: string;
  #status: SpanStatus = { code: SpanStatusCode.UNSET };
  #isOver = false;

  constructor(
    name: string,
    { kind = SpanKind.INTERNAL, startTime, attributes }: SpanOptions,
    context: SpanContext,
    parentSpanId: string | undefined,
    ended: (span: EndedSpan) => void,
  ) {
    this.#name = name;
    this.#kind = kind;
    this.#startMs = millisecondsOf(startTime);
    this.#attributes = { ...attributes };
    this.#context = context;
    this.#parentSpanId = parentSpanId;
    this.#ended = ended;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.#isOver;
  }

  updateName(name: string): this {
    this.#name = name;
    return this;
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.#attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.#attributes, attributes);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.#status = status;
    return this;
  }

  addEvent(name: string, attributes: Attributes = {}, time?: TimeInput): this {
    this.#events.push({ name, atMs: millisecondsOf(time), attributes });
    return this;
  }

  recordException(
    exception: { readonly name?: string; readonly code?: string | number } | string,
  ): void {
    const type = typeof exception === 'string' ? exception : (exception.name ?? exception.code);
    this.addEvent('exception', { 'exception.type': String(type) });
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  end(time?: TimeInput): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended({
      context: this.#context,
      parentSpanId: this.#parentSpanId,
      name: this.#name,
      kind: this.#kind,
      startMs: this.#startMs,
      endMs: millisecondsOf(time),
      attributes: this.#attributes,
      events: this.#events,
      status: this.#status,
    });
  }
}

function millisecondsOf(time: TimeInput | undefined): number {
  if (typeof time === 'number') return time;
  if (time instanceof Date) return time.getTime();
  return time === undefined ? Date.now() : time[0] * 1e3 + time[1] / 1e6;
}

/** The same for every process that sees the trace: its id is random. 0–1. */
function shareOf(traceId: string): number {
  return Number.parseInt(traceId.slice(-8), 16) / 0x1_0000_0000;
}

const pool = Buffer.alloc(4_096);
let used = pool.length;

/** So many random bytes, drawn from the system a pool at a time. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
