import type { ExecutionResult } from 'graphql';
import { buildRows } from './assemble.ts';
import type { Execution } from './execution.ts';
import type { IncrementalExecution, IncrementalPart, SubsequentResult } from './incremental.ts';
import { LevelRun } from './level-run.ts';
import { errorsOf, useErrors } from './locate.ts';
import { livePaths } from './paths.ts';
import type { PatchPlan, Use } from './plan.ts';
import { Run, type StreamRest } from './run.ts';

/** A deferred fragment, or the rest of streamed lists, at work. */
interface Delivery {
  readonly origin: LevelRun;
  readonly part: { readonly patch: PatchPlan } | { readonly use: Use; readonly rest: StreamRest };
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
    const onPatch: Run['onPatch'] = (origin, patch) => {
      this.#open.push({ origin, part: { patch }, after, level: null, state: 'waiting' });
    };
    const onStream: Run['onStream'] = (origin, use, rest) => {
      this.#open.push({ origin, part: { use, rest }, after, level: null, state: 'waiting' });
    };
    run.onPatch = onPatch;
    run.onStream = onStream;
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
    const { origin, part } = delivery;
    delivery.state = 'running';
    const run = new Run(this.#execution, (error, failed) => {
      if (failed) this.#fail(error);
      else delivery.state = 'whole';
      this.#wakeUp();
    });
    const plan = 'patch' in part ? part.patch.level : origin.plan;
    const view = 'patch' in part ? part.patch.view : part.use.view.index;
    const level = new LevelRun(run, plan, null, origin.rows);
    level.origin = { level: origin, view };
    const whole = () => run.finish();
    level.onWhole = whole;
    delivery.level = level;
    this.watch(run, delivery);
    run.push(() => ('patch' in part ? level.start() : level.startRest(part.use, part.rest)));
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

function partsOf({ origin, level, part }: Delivery): IncrementalPart[] {
  if (!level) return [];
  if ('patch' in part) return patchParts(level, part.patch);
  return restParts(origin, level, part.use, part.rest);
}

function patchParts(level: LevelRun, { label }: PatchPlan): IncrementalPart[] {
  const rows = buildRows(level, 0);
  return livePaths(level, 0).flatMap((paths, row) =>
    paths.map((path) => {
      const errors = errorsOf(level, 0, row, path);
      return {
        data: rows[row] ?? null,
        path,
        ...(label === undefined ? {} : { label }),
        ...(errors.length > 0 ? { errors } : {}),
      };
    }),
  );
}

function restParts(
  origin: LevelRun,
  level: LevelRun,
  use: Use,
  { label, raw, starts }: StreamRest,
): IncrementalPart[] {
  const view = use.view.index;
  const index = origin.groups[use.field.group.index]?.index;
  const begun = buildRows(origin, view);
  buildRows(level, view);
  return livePaths(origin, view).flatMap((paths, row) => {
    const at = index ? (index[row] ?? -1) : row;
    const start = starts[at] ?? 0;
    if (!raw[at] || !begun[row]?.[use.key]) return [];
    const items = (level.useValues[use.index]?.[at] ?? null) as readonly unknown[] | null;
    return paths.map((path) => {
      const errors = useErrors(level, use, row, path, start);
      return {
        items,
        path: [...path, use.key, start],
        ...(label === undefined ? {} : { label }),
        ...(errors.length > 0 ? { errors } : {}),
      };
    });
  });
}
