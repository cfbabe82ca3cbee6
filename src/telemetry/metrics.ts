import { type Metric, Registry } from 'prom-client';
import type { BackendCallRecord, LiveBackend } from '../backend/backend.ts';
import type { LoadRecord } from '../request.ts';
import { CallMetrics } from './call-metrics.ts';
import { EventMetrics } from './event-metrics.ts';
import { processReadings } from './process-metrics.ts';
import { ResilienceMetrics } from './resilience-metrics.ts';
import { type Count, Counters, durationBounds, Histograms, Names, Readings } from './series.ts';

export interface MetricsOptions {
  /** The label `bff` of every series. */
  readonly bff: string;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** Open connections now, by kind (`http`, `websocket`). */
  readonly connections: () => Readonly<Record<string, number>>;
  /** Spans that were dropped since the start. @default none are made here */
  readonly droppedSpans?: () => number;
}

/** What is known of an operation when it ends. */
export interface EndedOperation {
  readonly type: string | null;
  /** Null: it has none, or was refused. */
  readonly name: string | null;
  readonly client: { readonly name: string | null; readonly version: string | null };
  /** `ok`; `partial`: data and errors; `left`: the client did; the code of its refusal otherwise. */
  readonly outcome: string;
  /** Distinct codes of its errors. */
  readonly codes: Iterable<string>;
  readonly durationMs: number;
  readonly calls: readonly BackendCallRecord[];
  readonly loads: readonly LoadRecord[];
}

/** The metrics of one server, in a registry of their own. */
export class Metrics {
  readonly contentType: string;
  /** Topics, jobs and webhooks. */
  readonly events = new EventMetrics();
  readonly #registry = new Registry();
  readonly #names = new Names(200);
  readonly #clients = new Names(20);
  readonly #versions = new Names(50);
  readonly #calls = new CallMetrics();
  readonly #resilience: ResilienceMetrics;
  readonly #process = processReadings();
  readonly #startedAt = Date.now() / 1_000;
  #inFlight = 0;

  readonly #operations = new Counters({
    name: 'tailorbird_operations_total',
    help: 'Operations that ended, by who asked and how it went: ok, partial (data and errors), left, or the code of the refusal.',
    labels: ['type', 'operation', 'client', 'client_version', 'outcome'],
  });
  readonly #errors = new Counters({
    name: 'tailorbird_operation_errors_total',
    help: 'Operations with at least one error of a code.',
    labels: ['operation', 'code'],
  });
  readonly #durations = new Histograms({
    name: 'tailorbird_operation_duration_seconds',
    help: 'From the request to the whole answer; subscriptions are not in it.',
    labels: ['type', 'operation'],
    bounds: durationBounds,
  });
  readonly #events = new Counters({
    name: 'tailorbird_subscription_events_total',
    help: 'Events sent to subscribers.',
    labels: ['operation'],
  });
  readonly #answers = new Counters({
    name: 'tailorbird_answers_total',
    help: 'Whole answers of queries without errors: made, kept from before, or shared with somebody who asked the same at the moment.',
    labels: ['source'],
  });
  readonly #responses = new Counters({
    name: 'tailorbird_http_responses_total',
    help: 'HTTP responses by status, those without an operation included.',
    labels: ['status'],
  });
  readonly #byStatus = new Map<number, Count>();
  readonly #refusals = new Counters({
    name: 'tailorbird_refused_total',
    help: 'Requests and operations turned away: shed (too busy), address and budget (too often), cost, client (too old), document (over a limit), unregistered.',
    labels: ['reason'],
  });

  constructor({ bff, backends, connections, droppedSpans }: MetricsOptions) {
    this.#registry.setDefaultLabels({ bff });
    this.contentType = this.#registry.contentType;
    this.#resilience = new ResilienceMetrics(backends);
    const families = [
      this.#operations,
      this.#errors,
      this.#durations,
      this.#events,
      this.#answers,
      this.#responses,
      this.#refusals,
      new Readings(
        'gauge',
        'tailorbird_operations_in_flight',
        'Operations that have begun and not ended; open subscriptions among them.',
        () => this.#inFlight,
      ),
      new Readings('gauge', 'tailorbird_open_connections', 'Open connections by kind.', () =>
        Object.entries(connections()).map(([kind, value]) => ({ labels: { kind }, value })),
      ),
      ...this.#calls.families,
      ...this.events.families,
      ...this.#resilience.families,
      ...this.#process.families,
      new Readings(
        'counter',
        'tailorbird_dropped_spans_total',
        'Spans that found the queue full, or that the collector did not take.',
        () => droppedSpans?.() ?? 0,
      ),
      new Readings(
        'gauge',
        'process_start_time_seconds',
        'When the server was made, in seconds since 1970.',
        () => this.#startedAt,
      ),
    ];
    for (const family of families) {
      // prom-client formats what `get` gives; of its own metric classes it needs nothing else.
      this.#registry.registerMetric({
        name: family.name,
        help: family.help,
        type: family.type,
        aggregator: 'sum',
        get: async () => ({
          name: family.name,
          help: family.help,
          type: family.type,
          aggregator: 'sum',
          values: family.samples(),
        }),
      } as unknown as Metric<string>);
    }
  }

  operationStarted(): void {
    this.#inFlight += 1;
  }

  operationEnded(operation: EndedOperation): void {
    this.#inFlight -= 1;
    const { type, client, outcome } = operation;
    const kind = type ?? '';
    const name = type === null ? '' : this.#names.of(operation.name);
    const app = this.#clients.of(client.name);
    const version = this.#versions.of(client.version);
    this.#operations.at(kind, name, app, version, outcome).value += 1;
    for (const code of operation.codes) {
      this.#errors.at(name, code).value += 1;
      if (code === 'PERSISTED_ONLY') this.turned('unregistered');
      else if (code === 'COST_LIMIT_EXCEEDED' && type === null) this.turned('document');
    }
    if (type !== null && type !== 'subscription') {
      this.#durations.at(kind, name).observe(operation.durationMs / 1_000);
    }
    this.#calls.record(operation.calls, operation.loads);
  }

  /** One event of a subscription, with what it asked of backends. */
  eventSent(
    name: string | null,
    calls: readonly BackendCallRecord[],
    loads: readonly LoadRecord[],
  ): void {
    this.#events.at(this.#names.of(name)).value += 1;
    this.#calls.record(calls, loads);
  }

  /** Where the whole answer of a query came from. */
  answered(source: 'made' | 'kept' | 'shared'): void {
    this.#answers.at(source).value += 1;
  }

  responseSent(status: number): void {
    let count = this.#byStatus.get(status);
    if (!count) this.#byStatus.set(status, (count = this.#responses.at(String(status))));
    count.value += 1;
  }

  /** Somebody was turned away: `shed`, `address`, `budget`, `cost`, `client`, `document`, `unregistered`. */
  turned(reason: string): void {
    this.#refusals.at(reason).value += 1;
  }

  /** All of it in Prometheus' text format. */
  text(): Promise<string> {
    this.#calls.settle();
    return this.#registry.metrics();
  }

  /** Watches what has to be watched, from now on until `close`. */
  open(): void {
    this.#resilience.open();
    this.#process.open();
  }

  close(): void {
    this.#resilience.close();
    this.#process.close();
  }
}
