import type { Backend } from '../backend/backend.ts';
import { describePlace, placeOfCaller } from '../definition-place.ts';
import { refuseUnknown } from '../refuse-unknown.ts';
import { type RequestContext, liveBackend } from '../request.ts';
import type { Batch, BatchOptions, MaybePromise } from './batch.ts';
import {
  type AnyBatchOptions,
  batchOptionNames,
  BatchPlan,
  cacheOptionNames,
} from './batch-plan.ts';
import { type TaggedMemo, cachesOf } from './caches.ts';
import { OperationBatch } from './operation-batch.ts';
import { SharedBatch } from './shared-batch.ts';
import { stableText } from './stable-text.ts';
import { noteViewerData } from './viewer-data.ts';

/**
 * Describes how a backend is asked for many keys at once. Inert.
 *
 * Rows are re-keyed by `keyOf`, never by position; gaps are null; keys are chunked by
 * `maxBatchSize` and, in a URL, by length. A chunk that fails fails its own keys. Within one
 * operation each key is asked once; `cache` says who shares what beyond it, and `tags` what
 * `invalidate` drops. Gaps and errors are never kept beyond an operation.
 * Fails: TypeError for an option that breaks its rule, Error with the nearest name for one that there
 * is not.
 */
export function defineBatch<
  Api,
  Key,
  Page,
  Row = Page extends readonly (infer Item)[] ? NonNullable<Item> : never,
  Value = Row,
  Args = void,
  const Group extends boolean = false,
>(
  backend: Backend<Api>,
  options: BatchOptions<Api, Key, Page, Row, Value, Args, Group>,
): Batch<Key, Group extends true ? readonly Value[] : Value, Args> {
  const at = `${describePlace(placeOfCaller(defineBatch))}: batch "${options.name ?? backend.name}"`;
  refuseUnknown(at, options, batchOptionNames);
  refuseUnknown(`${at}: its cache`, options.cache ?? {}, cacheOptionNames);
  // Below the typed surface every batch has one shape.
  const plan = new BatchPlan(backend, options as unknown as AnyBatchOptions);
  if (plan.cache.scope === 'viewer') noteViewerData(backend);
  return new DefinedBatch(plan) as unknown as ReturnType<
    typeof defineBatch<Api, Key, Page, Row, Value, Args, Group>
  >;
}

class DefinedBatch {
  readonly #plan: BatchPlan;

  constructor(plan: BatchPlan) {
    this.#plan = plan;
  }

  get name(): string {
    return this.#plan.name;
  }

  get backend(): Backend {
    return this.#plan.backend;
  }

  load(context: RequestContext, key: unknown, args?: unknown): Promise<unknown> {
    const column = this.#of(context, args).loadMany([key]);
    if (column instanceof Promise) return column.then(only);
    const [value] = column;
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
  }

  loadMany(
    context: RequestContext,
    keys: readonly unknown[],
    args?: unknown,
  ): MaybePromise<readonly unknown[]> {
    return keys.length === 0 ? [] : this.#of(context, args).loadMany(keys);
  }

  forget(context: RequestContext, keys: readonly unknown[], args?: unknown): void {
    this.#of(context, args).forget(keys);
  }

  #of(context: RequestContext, args: unknown): OperationBatch {
    // Only this class writes under its own key.
    let memo = context.memo.get(this) as BatchMemo | undefined;
    if (memo === undefined) context.memo.set(this, (memo = new BatchMemo(this.#plan.tagged)));
    const text = args === undefined ? '' : stableText(args);
    let known = memo.byArgs.get(text);
    if (known === undefined) {
      known = new OperationBatch(this.#plan, this.#shared(context), context, args);
      memo.byArgs.set(text, known);
    }
    return known;
  }

  #shared(context: RequestContext): SharedBatch | null {
    const { backend, cache } = this.#plan;
    const live = liveBackend(context, backend);
    if (cache.scope === 'none') return null;
    // Only this class writes under its own key.
    let known = live.shared.get(this) as SharedBatch | undefined;
    if (known === undefined) {
      const now = live.now ?? (() => performance.now());
      known = new SharedBatch(this.#plan, cache, cachesOf(live), now);
      live.shared.set(this, known);
    }
    return known;
  }
}

/** What one operation knows of a batch, apart for each value of the arguments. */
class BatchMemo implements TaggedMemo {
  readonly byArgs = new Map<string, OperationBatch>();
  readonly #tagged: boolean;

  constructor(tagged: boolean) {
    this.#tagged = tagged;
  }

  forgetTagged(): void {
    if (this.#tagged) for (const batch of this.byArgs.values()) batch.forgetAll();
  }
}

function only(column: readonly unknown[]): unknown {
  const [value] = column;
  if (value instanceof Error) throw value;
  return value;
}
