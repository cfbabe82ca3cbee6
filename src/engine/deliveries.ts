import type { ExecutionResult } from 'graphql';
import { buildRows } from './assemble.ts';
import type { Execution } from './execution.ts';
import type { IncrementalExecution, IncrementalPart, SubsequentResult } from './incremental.ts';
import { LevelRun } from './level-run.ts';
import { errorsOf } from './locate.ts';
import { livePaths } from './paths.ts';
import type { PatchPlan } from './plan.ts';
import { Run } from './run.ts';

/** A deferred fragment at work. */
interface Delivery {
  readonly origin: LevelRun;
  readonly patch: PatchPlan;
  readonly after: Delivery | null;
  level: LevelRun | null;
  state: 'waiting' | 'running' | 'whole' | 'delivered';
}

/** The parts of an answer that come after its first result. */
export class Deliveries {
  readonly #execution: Execution;
  readonly #open: Delivery[] = [];
  #wake: (() => void) | null = null;
  #failure: { error: unknown } | null = null;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** Takes in the deferred fragments that rows of a run give rise to. */
  watch(run: Run, after: Delivery | null): void {
    run.onPatch = (origin, patch) => {
      this.#open.push({ origin, patch, after, level: null, state: 'waiting' });
    };
  }

  /** Starts what is waiting: after its run had its first turn, so that it goes first. */
  start(): void {
    for (const delivery of this.#open) if (delivery.state === 'waiting') this.#run(delivery);
  }

  finish(result: ExecutionResult): ExecutionResult | IncrementalExecution {
    this.start();
    if (this.#open.length === 0) return result;
    return {
      initialResult: { ...result, hasNext: true },
      subsequentResults: this.#subsequent(),
    };
  }

  async *#subsequent(): AsyncGenerator<SubsequentResult, void, void> {
    const { signal } = this.#execution;
    const onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      while (this.#open.length > 0) {
        if (signal?.aborted) throw signal.reason;
        if (this.#failure) throw this.#failure.error;
        const ready = this.#takeReady();
        if (ready.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const incremental = ready.flatMap(partsOf);
        const hasNext = this.#open.length > 0;
        if (incremental.length === 0) yield { hasNext };
        else yield { incremental, hasNext };
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      for (const { level } of this.#open) level?.run.finish();
      this.#open.length = 0;
    }
  }

  /** What is whole, and stands in what has been delivered. */
  #takeReady(): Delivery[] {
    const ready: Delivery[] = [];
    for (let at = 0; at < this.#open.length; ) {
      const delivery = this.#open[at] as Delivery;
      const free = delivery.after === null || delivery.after.state === 'delivered';
      if (delivery.state === 'whole' && free) {
        delivery.state = 'delivered';
        ready.push(delivery);
        this.#open.splice(at, 1);
      } else at++;
    }
    return ready;
  }

  #run(delivery: Delivery): void {
    const { origin, patch } = delivery;
    delivery.state = 'running';
    const run = new Run(this.#execution, (error, failed) => {
      if (failed) this.#fail(error);
      else delivery.state = 'whole';
      this.#wakeUp();
    });
    const level = new LevelRun(run, patch.level, null, origin.rows);
    level.origin = { level: origin, view: patch.view };
    level.onWhole = () => run.finish();
    delivery.level = level;
    this.watch(run, delivery);
    run.push(() => level.start());
    run.drain();
    this.start();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.start();
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

function partsOf({ level, patch }: Delivery): IncrementalPart[] {
  if (!level) return [];
  const rows = buildRows(level, 0);
  return livePaths(level, 0).flatMap((paths, row) =>
    paths.map((path) => {
      const errors = errorsOf(level, 0, row, path);
      return {
        data: rows[row] ?? null,
        path,
        ...(patch.label === undefined ? {} : { label: patch.label }),
        ...(errors.length > 0 ? { errors } : {}),
      };
    }),
  );
}
