import DataLoader from 'dataloader';
import { assemblyMs, leastRemainingMs } from '../backend/policy.ts';
import { BackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import { type BatchAnswer, ask } from './ask.ts';
import type { MaybePromise } from './batch.ts';
import type { BatchPlan } from './batch-plan.ts';
import type { Flight, SharedBatch } from './shared-batch.ts';
import { stableText } from './stable-text.ts';

/** A key that is asked for; it stands in for its value until there is one. */
class PendingKey {
  readonly text: string;
  /** Among everything that is shared; empty when nothing is. */
  readonly id: string;
  readonly key: unknown;
  /** Who waits for it; null for a refresh behind a stale value. */
  readonly column: Column | null;
  /** Undefined until it has settled. */
  value: unknown = undefined;

  constructor(text: string, id: string, key: unknown, column: Column | null) {
    this.text = text;
    this.id = id;
    this.key = key;
    this.column = column;
  }
}

/** The keys of one `loadMany` that had no value: one promise for all of them. */
class Column {
  readonly keys: PendingKey[] = [];
  readonly #settled = Promise.withResolvers<void>();
  #values = 0;

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  settle(pending: PendingKey, value: unknown): void {
    pending.value = value;
    this.#values += 1;
    if (this.#values === this.keys.length) this.#settled.resolve();
  }
}

/** What one operation knows of one batch with one value of its arguments: the request memo. */
export class OperationBatch {
  readonly #plan: BatchPlan;
  readonly #shared: SharedBatch | null;
  readonly #context: RequestContext;
  readonly #args: unknown;
  /** Scope and arguments; a JSON list, so that nothing can be appended to look like another one. */
  readonly #prefix: string;
  /** Values, gaps and errors; pending keys for what is asked for. */
  readonly #slots = new Map<string, unknown>();
  /** Coalesces a tick. Its keys are whole columns, since a promise for each row costs a third of the throughput. */
  readonly #loader = new DataLoader<Column, void>(
    (columns) => {
      const [first] = columns;
      this.#dispatch(columns.length === 1 ? first!.keys : columns.flatMap((column) => column.keys));
      return Promise.resolve(columns.map(() => undefined));
    },
    { cache: false },
  );

  constructor(plan: BatchPlan, shared: SharedBatch | null, context: RequestContext, args: unknown) {
    const { scope } = plan.cache;
    const subject = scope === 'viewer' ? (context.viewer?.subject ?? null) : null;
    this.#plan = plan;
    this.#shared = scope === 'viewer' && subject === null ? null : shared;
    this.#context = context;
    this.#args = args;
    this.#prefix = subject === null && args === undefined ? '' : stableText([subject, args]);
  }

  loadMany(keys: readonly unknown[]): MaybePromise<readonly unknown[]> {
    const values: unknown[] = [];
    let missing: Column | undefined;
    let pending: Set<Column> | undefined;
    let latest: Column | undefined;
    let refresh: Column | undefined;
    for (const key of keys) {
      const text = this.#textOf(key);
      if (text instanceof Error) {
        values.push(text);
        continue;
      }
      let value = this.#slots.get(text);
      if (value === undefined) {
        const id = this.#shared === null ? '' : this.#prefix + text;
        const kept = this.#shared?.read(id);
        if (kept !== undefined) {
          value = kept.value;
          if (kept.stale) (refresh ??= new Column()).keys.push(new PendingKey(text, id, key, null));
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
      values.push(value);
    }
    if (missing !== undefined) void this.#loader.load(missing);
    if (refresh !== undefined) void this.#loader.load(refresh);
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
    for (const key of keys) {
      const text = this.#plan.keyText(key);
      this.#slots.delete(text);
      this.#shared?.forget(this.#prefix + text);
    }
  }

  #textOf(key: unknown): string | Error {
    try {
      return this.#plan.keyText(key);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Joins the calls that already ask for some keys, and asks for the others in chunks. */
  #dispatch(keys: readonly PendingKey[]): void {
    const refused = this.#refusal();
    if (refused !== undefined) {
      this.#settle(keys, { error: refused });
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
    for (const chunk of this.#plan.chunks(unasked)) {
      if (this.#shared === null) {
        const asked = chunk.map(({ key }) => key);
        void ask(this.#plan, this.#context, asked, this.#args, {}).then((answer) =>
          this.#settle(chunk, answer),
        );
      } else {
        flights.set(this.#shared.start(this.#plan, this.#context, chunk, this.#args), chunk);
      }
    }
    for (const [flight, waiting] of flights) this.#wait(flight, waiting);
  }

  /** Waits as long as this operation may; leaving does not end the call for others. */
  #wait(flight: Flight, keys: readonly PendingKey[]): void {
    const { signal, deadline } = this.#context;
    flight.join();
    if (keys.every(({ column }) => column === null)) return; // a refresh outlives the operation
    let timer: NodeJS.Timeout | undefined;
    const end = (answer: BatchAnswer): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      this.#settle(keys, answer);
    };
    const leave = (): void => {
      flight.leave();
      end({ error: this.#refusal() ?? this.#late() });
    };
    signal.addEventListener('abort', leave);
    const remainingMs = deadline - assemblyMs - performance.now();
    if (deadline - assemblyMs < flight.deadline) timer = setTimeout(leave, remainingMs);
    void flight.answer.then(end);
  }

  #settle(keys: readonly PendingKey[], answer: BatchAnswer): void {
    for (const pending of keys) {
      const { text, id, column } = pending;
      if (column === null || pending.value !== undefined) continue;
      let value: unknown;
      if (answer.error === null) value = answer.values.get(text) ?? this.#plan.gap();
      else value = this.#shared?.readInsteadOf(answer.error, id) ?? answer.error;
      if (this.#slots.get(text) === pending) this.#slots.set(text, value);
      column.settle(pending, value);
    }
  }

  /** Why nothing may be asked any more; undefined while it may. */
  #refusal(): BackendError | undefined {
    const { signal, deadline } = this.#context;
    const remainingMs = deadline - assemblyMs - performance.now();
    if (remainingMs < leastRemainingMs) return this.#late();
    if (!signal.aborted) return undefined;
    return this.#error('UPSTREAM_UNAVAILABLE', 'was cancelled: nobody waits for its answer');
  }

  #late(): BackendError {
    return this.#error('UPSTREAM_TIMEOUT', "ran into the operation's deadline");
  }

  #error(code: 'UPSTREAM_TIMEOUT' | 'UPSTREAM_UNAVAILABLE', what: string): BackendError {
    return new BackendError({
      code,
      backend: this.#plan.backend.name,
      message: `batch "${this.#plan.name}" ${what}`,
      retryable: true,
    });
  }
}

function allSettled(columns: ReadonlySet<Column>): Promise<unknown> {
  const [only] = columns;
  if (columns.size === 1) return only!.settled;
  return Promise.all([...columns].map((column) => column.settled));
}
