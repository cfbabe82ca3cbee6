import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { EndedSpan } from './own-tracer.ts';

export interface OtlpExporterOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`: spans go to `/v1/traces` below it. */
  readonly endpoint: URL;
  readonly service: string;
  /** Told once when sending begins to fail, and again only after it worked in between. */
  readonly onFailure: (message: string) => void;
}

/**
 * Sends spans as OTLP over HTTP in JSON: up to 256 at a time, each second, one request at once. Never
 * makes anybody wait: beyond 2,048 waiting spans, and when the collector does not take them within
 * 5 s, they are dropped and counted.
 */
export class OtlpExporter {
  dropped = 0;
  readonly #url: string;
  readonly #resource: object;
  readonly #onFailure: (message: string) => void;
  #queue: EndedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isFailing = false;

  constructor({ endpoint, service, onFailure }: OtlpExporterOptions) {
    this.#url = `${endpoint.href.replace(/\/$/, '')}/v1/traces`;
    this.#resource = {
      attributes: attributesOf({
        'service.name': `tailorbird-${service}`,
        'process.pid': process.pid,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
      }),
    };
    this.#onFailure = onFailure;
  }

  add(span: EndedSpan): void {
    if (this.#queue.length >= maxWaiting) {
      this.dropped += 1;
      return;
    }
    this.#queue.push(span);
    this.#timer ??= setTimeout(() => this.#send(), intervalMs).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const deadline = performance.now() + closeWithinMs;
    while (this.#queue.length > 0 || this.#sending) {
      const remainingMs = deadline - performance.now();
      if (remainingMs <= 0) break;
      this.#send(remainingMs);
      await this.#sending;
    }
    clearTimeout(this.#timer);
    this.dropped += this.#queue.length;
    this.#queue = [];
  }

  #send(withinMs = sendWithinMs): void {
    this.#timer = undefined;
    if (this.#sending || this.#queue.length === 0) return;
    const spans = this.#queue.splice(0, maxBatch);
    this.#sending = this.#post(spans, withinMs).then((problem) => {
      this.#sending = undefined;
      if (problem !== null) {
        this.dropped += spans.length;
        if (!this.#isFailing) this.#onFailure(problem);
      }
      this.#isFailing = problem !== null;
      if (this.#queue.length === 0 || this.#timer) return;
      const waitMs = this.#queue.length >= maxBatch && problem === null ? 0 : intervalMs;
      this.#timer = setTimeout(() => this.#send(), waitMs).unref();
    });
  }

  /** What went wrong, or null. */
  async #post(spans: readonly EndedSpan[], withinMs: number): Promise<string | null> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          resourceSpans: [
            {
              resource: this.#resource,
              scopeSpans: [{ scope: { name: 'tailorbird' }, spans: spans.map(spanOf) }],
            },
          ],
        }),
        redirect: 'error',
        signal: AbortSignal.timeout(Math.ceil(withinMs)),
      });
      await response.body?.cancel();
      return response.ok ? null : `the collector answered ${response.status}`;
    } catch (error) {
      return `the collector did not answer: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

const maxWaiting = 2_048;
const maxBatch = 256;
const intervalMs = 1_000;
const sendWithinMs = 5_000;
const closeWithinMs = 2_000;

function spanOf(span: EndedSpan): object {
  const { context, parentSpanId, status } = span;
  const traceState = context.traceState?.serialize();
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId && { parentSpanId }),
    ...(traceState && { traceState }),
    flags: context.traceFlags,
    name: span.name,
    kind: span.kind + 1, // OTLP has 0 for "unspecified"
    startTimeUnixNano: nanosecondsOf(span.startMs),
    endTimeUnixNano: nanosecondsOf(span.endMs),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, atMs, attributes }) => ({
      name,
      timeUnixNano: nanosecondsOf(atMs),
      attributes: attributesOf(attributes),
    })),
    status: { code: status.code },
  };
}

/** As text: nanoseconds since 1970 are beyond what a number holds exactly. */
function nanosecondsOf(milliseconds: number): string {
  return `${Math.round(milliseconds * 1e3)}000`;
}

function attributesOf(attributes: Readonly<Attributes>): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: AttributeValue): object {
  switch (typeof value) {
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return { stringValue: String(value) };
  }
}
