import type { Execution } from './execution.ts';
import type { LevelRun } from './level-run.ts';
import { Merges } from './merges.ts';
import type { PatchPlan, Use } from './plan.ts';

/** What of a column's lists comes later. */
export interface StreamRest {
  readonly label: string | undefined;
  /** Per row of the field's group: the items, or null where nothing is left. */
  readonly raw: unknown[];
  /** Per row: the position of the first of them. */
  readonly starts: readonly number[];
}

/**
 * Runs levels until their root is whole. Tasks drain without recursion; entries are asked when
 * nothing else can go on, so that branches that land together share a batch.
 */
export class Run {
  readonly execution: Execution;
  readonly merges: Merges;
  readonly #tasks: (() => void)[] = [];
  #draining = false;
  #ticking = false;
  #waiting = 0;
  #settled = false;
  readonly #done: (error: unknown, failed: boolean) => void;
  /** Deferred parts that rows of this run gave rise to. */
  onPatch: ((level: LevelRun, patch: PatchPlan) => void) | null = null;
  /** The rest of lists that come in parts: by row of the field's group. */
  onStream: ((level: LevelRun, use: Use, rest: StreamRest) => void) | null = null;

  constructor(execution: Execution, done: (error: unknown, failed: boolean) => void) {
    this.execution = execution;
    this.merges = new Merges(this);
    this.#done = done;
  }

  push(task: () => void): void {
    this.#tasks.push(task);
  }

  /** The root is whole. */
  finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#tasks.length = 0;
    this.#done(undefined, false);
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#tasks.length = 0;
    this.#done(error, true);
  }

  get settled(): boolean {
    return this.#settled;
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (;;) {
        for (let next = 0; next < this.#tasks.length; next++) {
          if (this.#settled) return;
          (this.#tasks[next] as () => void)();
        }
        this.#tasks.length = 0;
        if (this.#settled) return;
        if (this.merges.empty) {
          if (this.#waiting > 0 || this.#ticking) return;
          throw new Error('the plan stalled: a part of it waits for nothing');
        }
        if (this.#waiting > 0) {
          this.#tick();
          return;
        }
        this.merges.flush();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#draining = false;
    }
  }

  /**
   * Settles each promise of `values` in place (a rejection by `failed`), then goes on once.
   * One wait for the column, however many promises it has.
   */
  settle(
    values: unknown[],
    positions: readonly number[],
    failed: (error: unknown) => unknown,
    then: () => void,
  ): void {
    let left = positions.length;
    this.#waiting++;
    const one = () => {
      if (--left > 0) return;
      this.resume(then);
    };
    for (const position of positions) {
      (values[position] as PromiseLike<unknown>).then(
        (value) => {
          values[position] = value;
          one();
        },
        (error: unknown) => {
          values[position] = failed(error);
          one();
        },
      );
    }
  }

  /** Waits for one promise. */
  await<Value>(
    promise: PromiseLike<Value>,
    then: (value: Value) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#waiting++;
    promise.then(
      (value) => this.resume(() => then(value)),
      (error: unknown) => this.resume(() => failed(error)),
    );
  }

  resume(then: () => void): void {
    this.#waiting--;
    if (this.#settled) return;
    try {
      then();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.drain();
  }

  /** Once all promises that are ready have been taken in: as DataLoader schedules its batches by itself. */
  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    void Promise.resolve().then(() =>
      process.nextTick(() => {
        this.#ticking = false;
        if (this.#settled) return;
        try {
          this.merges.flush();
        } catch (error) {
          this.fail(error);
          return;
        }
        this.drain();
      }),
    );
  }
}
