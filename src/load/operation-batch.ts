import DataLoader from 'dataloader';
import type { LoadRecord, RequestContext } from '../request.ts';
import { type AnswerPolicy, policyOf } from './answer-policy.ts';
import { ask } from './ask.ts';
import type { MaybePromise } from './batch.ts';
import type { BatchPlan } from './batch-plan.ts';
import { Column, PendingKey, allSettled } from './column.ts';
import { languageOf } from './language.ts';
import type { Asker, Flight, FlightAnswer } from './flight.ts';
import { newLoadRecord, waitedFor } from './load-record.ts';
import { lateError, refusalOf } from './refusal.ts';
import type { SharedBatch } from './shared-batch.ts';
import { stableText } from './stable-text.ts';
import { viewerKey } from './viewer-key.ts';
import { atTurnsEnd } from './turns-end.ts';
import { type Waiter, waitFor } from './wait.ts';

/** What one operation knows of one batch with one value of its arguments: the request memo. */
export class OperationBatch implements Asker, Waiter {
  readonly #plan: BatchPlan;
  readonly #shared: SharedBatch | null;
  readonly #context: RequestContext;
  readonly #args: unknown;
  readonly #policy: AnswerPolicy;
  /** Of the viewer whose values these are; null when they are everybody's, or nobody's. */
  readonly #viewer: string | null;
  readonly #found: LoadRecord;
  /** Viewer, arguments and language; a JSON list, so that nothing can be appended to look like another one. */
  #prefix = '';
  #variesByLanguage: boolean | null | undefined;
  /** Values, gaps and errors; pending keys for what is asked for. */
  readonly #slots = new Map<string, unknown>();
  /**
   * Coalesces a turn of the event loop, in which answers of several backends may arrive that lead here:
   * a page whose destinations come by two ways asks for them once, for 0.92 of the CPU. Its keys are
   * whole columns, since a promise for each row costs a third of the throughput.
   */
  readonly #loader = new DataLoader<Column, void>(
    (columns) => {
      const [first] = columns;
      this.#dispatch(columns.length === 1 ? first!.keys : columns.flatMap((column) => column.keys));
      return Promise.resolve(columns.map(() => undefined));
    },
    { cache: false, batchScheduleFn: atTurnsEnd },
  );

  constructor(plan: BatchPlan, shared: SharedBatch | null, context: RequestContext, args: unknown) {
    const { scope } = plan.cache;
    this.#policy = policyOf(context);
    const viewer = scope === 'viewer' ? this.#policy.viewerIn(context) : null;
    this.#viewer = viewer && viewerKey(viewer);
    const alone = scope === 'viewer' && viewer === null;
    this.#policy.uses(alone ? 'none' : scope);
    this.#plan = plan;
    this.#shared = alone ? null : shared;
    this.#context = context;
    this.#args = args;
    this.#found = newLoadRecord(plan);
    context.loads?.push(this.#found);
  }

  get context(): RequestContext {
    return this.#context;
  }

  get args(): unknown {
    return this.#args;
  }

  prefix(): string {
    const varies = this.#shared?.variesByLanguage;
    if (varies !== this.#variesByLanguage) {
      this.#variesByLanguage = varies;
      const parts = [
        this.#viewer,
        this.#args ?? null,
        varies === false ? null : languageOf(this.#context),
      ];
      this.#prefix = parts.every((part) => part === null) ? '' : stableText(parts);
    }
    return this.#prefix;
  }

  loadMany(keys: readonly unknown[]): MaybePromise<readonly unknown[]> {
    const shared = this.#shared;
    const prefix = shared === null ? '' : this.prefix();
    const now = shared === null ? 0 : shared.now();
    // oxlint-disable-next-line unicorn/no-new-array -- Array.from({ length }) costs ten times as much
    const values = new Array<unknown>(keys.length);
    const found = this.#found;
    found.keys += keys.length;
    let freshUntil = Number.POSITIVE_INFINITY;
    let missing: Column | undefined;
    let pending: Set<Column> | undefined;
    let latest: Column | undefined;
    let refresh: Column | undefined;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      const text = this.#textOf(key);
      if (text instanceof Error) {
        values[index] = text;
        continue;
      }
      let value = this.#slots.get(text);
      if (value === undefined) {
        const id = prefix + text;
        const kept = shared?.read(id, now);
        if (kept !== undefined) {
          value = kept.value;
          if (kept.freshUntil < freshUntil) freshUntil = kept.freshUntil;
          if (kept.tags.length > 0) this.#policy.tagged(kept.tags);
          if (kept.freshUntil > now) found.fresh += 1;
          else {
            found.stale += 1;
            (refresh ??= new Column()).keys.push(new PendingKey(text, id, key, null));
          }
        } else {
          missing ??= new Column();
          value = new PendingKey(text, id, key, missing);
          missing.keys.push(value as PendingKey);
        }
        this.#slots.set(text, value);
      }
      if (value instanceof PendingKey && value.column !== latest) {
        latest = value.column!;
        (pending ??= new Set()).add(latest);
      }
      values[index] = value;
    }
    this.#policy.keepFor(freshUntil - now);
    if (missing !== undefined) void this.#loader.load(missing);
    if (refresh !== undefined) {
      this.#policy.stale(this.#plan.backend.name);
      void this.#loader.load(refresh);
    }
    if (pending === undefined) return values;
    return allSettled(pending).then(() => {
      for (let index = 0; index < values.length; index++) {
        const value = values[index];
        if (value instanceof PendingKey) values[index] = value.value;
      }
      return values;
    });
  }

  forget(keys: readonly unknown[]): void {
    const texts = keys.map((key) => this.#plan.keyText(key));
    for (const text of texts) this.#slots.delete(text);
    this.#shared?.forget(this.prefix(), texts);
  }

  /** What is on its way still reaches who waits for it. */
  forgetAll(): void {
    this.#slots.clear();
  }

  /** After a look into the shared store, what it hasn't got is asked for. */
  arrived(keys: readonly PendingKey[], answer: FlightAnswer): void {
    if (answer.error !== null || answer.asOf === undefined) {
      this.#settle(keys, answer);
      return;
    }
    const missing: PendingKey[] = [];
    const found: PendingKey[] = [];
    for (const pending of keys) {
      (answer.values.has(pending.text) ? found : missing).push(pending);
    }
    this.#found.stored += found.length;
    if (found.length > 0) this.#settle(found, answer);
    if (missing.length > 0) this.#dispatch(missing, true, answer.asOf);
  }

  gaveUp(keys: readonly PendingKey[]): void {
    const error = refusalOf(this.#context, this.#plan) ?? lateError(this.#plan);
    this.#settle(keys, { ...unkept, error });
  }

  #textOf(key: unknown): string | Error {
    try {
      return this.#plan.keyText(key);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Nothing thrown on the way leaves a key waiting. */
  #dispatch(keys: readonly PendingKey[], looked = false, asOf: string | null = null): void {
    try {
      this.#send(keys, looked, asOf);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause), { cause });
      this.#settle(keys, { ...unkept, error });
    }
  }

  /** Joins the flights that already carry some keys; looks for the others in the shared store, then asks. */
  #send(keys: readonly PendingKey[], looked: boolean, asOf: string | null): void {
    const refused = refusalOf(this.#context, this.#plan);
    if (refused !== undefined) {
      this.#settle(keys, { ...unkept, error: refused });
      return;
    }
    const unasked: PendingKey[] = [];
    const flights = new Map<Flight, PendingKey[]>();
    for (const pending of keys) {
      const flight = this.#shared?.flightOf(pending.id);
      if (flight === undefined) unasked.push(pending);
      else if (flights.has(flight)) flights.get(flight)!.push(pending);
      else flights.set(flight, [pending]);
    }
    this.#found.joined += waitedFor(keys) - waitedFor(unasked);
    if (unasked.length > 0) this.#ask(unasked, flights, looked, asOf);
    for (const [flight, waiting] of flights) waitFor(flight, waiting, this);
  }

  #ask(
    unasked: readonly PendingKey[],
    flights: Map<Flight, readonly PendingKey[]>,
    looked: boolean,
    asOf: string | null,
  ): void {
    const shared = this.#shared;
    const look = looked ? null : shared?.lookUp(this, unasked);
    if (look) {
      flights.set(look, unasked);
      return;
    }
    this.#found.asked += waitedFor(unasked);
    for (const chunk of this.#plan.chunks(unasked)) {
      if (shared !== null) {
        flights.set(shared.start(this, chunk, asOf), chunk);
        continue;
      }
      const asked = chunk.map(({ key }) => key);
      void ask(this.#plan, this.#context, asked, this.#args, {}).then((answer) =>
        this.#settle(chunk, { ...unkept, ...answer }),
      );
    }
  }

  #settle(keys: readonly PendingKey[], answer: FlightAnswer): void {
    const policy = this.#policy;
    policy.keepFor(answer.keepForMs);
    for (const tags of answer.tags) policy.tagged(tags);
    for (const pending of keys) {
      const { text, id, column } = pending;
      if (column === null || pending.value !== undefined) continue;
      let value: unknown;
      if (answer.error === null) {
        value = answer.values.get(text);
        if (value === undefined || value === null || value instanceof Error) policy.keepFor(0);
        value ??= this.#plan.gap();
      } else {
        value = this.#shared?.readInsteadOf(answer.error, id);
        if (value === undefined) value = answer.error;
        else {
          this.#found.insteadOfError += 1;
          policy.stale(this.#plan.backend.name);
        }
      }
      if (this.#slots.get(text) === pending) this.#slots.set(text, value);
      column.settle(pending, value);
    }
  }
}

/** What an answer means for caches when nothing of it is kept. */
const unkept = { keepForMs: 0, tags: [] } as const;
