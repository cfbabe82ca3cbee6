import type { BackendCallRecord } from '../backend/backend.ts';
import type { LoadRecord } from '../request.ts';
import { type Count, Counters, type Distribution, durationBounds, Histograms } from './series.ts';

/** Backend calls and cache reads, recorded once for each operation when it ends. */
export class CallMetrics {
  readonly #calls = new Counters({
    name: 'tailorbird_backend_calls_total',
    help: 'Backend calls by outcome: ok, cancelled, or the code of the error. `endpoint` made the last attempt.',
    labels: ['backend', 'operation', 'endpoint', 'outcome'],
  });
  readonly #durations = new Histograms({
    name: 'tailorbird_backend_call_duration_seconds',
    help: 'Backend calls, waits and all attempts included; streams are not in it.',
    labels: ['backend', 'operation'],
    bounds: durationBounds,
  });
  readonly #attempts = new Counters({
    name: 'tailorbird_backend_attempts_total',
    help: 'Attempts of backend calls that reached the wire.',
    labels: ['backend', 'operation'],
  });
  readonly #bytes = new Counters({
    name: 'tailorbird_backend_received_bytes_total',
    help: 'Bodies of backend answers, as they came over the wire.',
    labels: ['backend', 'operation'],
  });
  readonly #batches = new Histograms({
    name: 'tailorbird_batch_keys',
    help: 'Keys of batch calls.',
    labels: ['backend', 'operation'],
    bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  });
  readonly #loaded = new Counters({
    name: 'tailorbird_loaded_keys_total',
    help: 'Keys that resolvers loaded, by where the value was: request, memory, memory_stale, shared, flight (a call of another operation), backend; stale_if_error counts beside backend.',
    labels: ['backend', 'batch', 'source'],
  });
  readonly #byOperation = new Map<string, Map<string, OperationSeries>>();
  readonly #byBatch = new WeakMap<LoadRecord['batch'], LoadSeries>();
  /** Calls that had no outcome when their operation ended. */
  #unsettled: BackendCallRecord[] = [];

  readonly families = [
    this.#calls,
    this.#durations,
    this.#attempts,
    this.#bytes,
    this.#batches,
    this.#loaded,
  ];

  record(calls: readonly BackendCallRecord[], loads: readonly LoadRecord[]): void {
    for (const call of calls) {
      if (call.outcome !== 'pending') this.#record(call);
      else {
        this.#unsettled.push(call);
        if (this.#unsettled.length >= maxUnsettled) this.settle();
      }
    }
    for (const load of loads) this.#recordLoad(load);
  }

  /** Counts calls that outlived their operation. Of those still pending, a bounded number is kept. */
  settle(): void {
    const pending: BackendCallRecord[] = [];
    for (const call of this.#unsettled) {
      if (call.outcome === 'pending') pending.push(call);
      else this.#record(call);
    }
    this.#unsettled = pending.slice(-maxUnsettled / 2);
  }

  #record(call: BackendCallRecord): void {
    const series = this.#seriesOf(call);
    series.outcome(this.#calls, call).value += 1;
    series.attempts.value += call.attempts ?? 0;
    series.bytes.value += call.bytes;
    if (!call.isStream) series.durations.observe(call.durationMs / 1_000);
    if (call.batchSize !== undefined) {
      (series.batches ??= this.#batches.at(call.backend, call.operation)).observe(call.batchSize);
    }
  }

  #recordLoad(load: LoadRecord): void {
    const { batch, keys, fresh, stale, stored, joined, asked } = load;
    let series = this.#byBatch.get(batch);
    if (series === undefined) {
      // The batch has its name once its first call was answered.
      series = new LoadSeries(this.#loaded, batch.backend.name, batch.name);
      if (batch.name !== batch.backend.name) this.#byBatch.set(batch, series);
    }
    series.count('request', keys - fresh - stale - stored - joined - asked);
    series.count('memory', fresh);
    series.count('memory_stale', stale);
    series.count('shared', stored);
    series.count('flight', joined);
    series.count('backend', asked);
    series.count('stale_if_error', load.insteadOfError);
  }

  #seriesOf({ backend, operation }: BackendCallRecord): OperationSeries {
    let operations = this.#byOperation.get(backend);
    if (!operations) this.#byOperation.set(backend, (operations = new Map()));
    let series = operations.get(operation);
    if (!series) {
      series = new OperationSeries(
        this.#durations.at(backend, operation),
        this.#attempts.at(backend, operation),
        this.#bytes.at(backend, operation),
      );
      if (operations.size < maxOperations) operations.set(operation, series);
    }
    return series;
  }
}

const maxUnsettled = 1_024;
const maxOperations = 500;

/** The series of one backend operation, looked up once. */
class OperationSeries {
  readonly durations: Distribution;
  readonly attempts: Count;
  readonly bytes: Count;
  batches: Distribution | undefined;
  readonly #outcomes = new Map<string, Map<string, Count>>();

  constructor(durations: Distribution, attempts: Count, bytes: Count) {
    this.durations = durations;
    this.attempts = attempts;
    this.bytes = bytes;
  }

  outcome(
    calls: Counters,
    { backend, operation, endpoint = '', outcome }: BackendCallRecord,
  ): Count {
    let counts = this.#outcomes.get(endpoint);
    if (!counts) this.#outcomes.set(endpoint, (counts = new Map()));
    let count = counts.get(outcome);
    if (!count) counts.set(outcome, (count = calls.at(backend, operation, endpoint, outcome)));
    return count;
  }
}

/** The series of one batch; a source has one once it was the source of something. */
class LoadSeries {
  readonly #loaded: Counters;
  readonly #backend: string;
  readonly #batch: string;
  readonly #counts = new Map<string, Count>();

  constructor(loaded: Counters, backend: string, batch: string) {
    this.#loaded = loaded;
    this.#backend = backend;
    this.#batch = batch;
  }

  count(source: string, keys: number): void {
    if (keys <= 0) return;
    let count = this.#counts.get(source);
    if (!count) {
      this.#counts.set(source, (count = this.#loaded.at(this.#backend, this.#batch, source)));
    }
    count.value += keys;
  }
}
