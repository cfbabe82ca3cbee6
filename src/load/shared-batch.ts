import { isBackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import { type BatchAnswer, ask } from './ask.ts';
import type { BatchPlan } from './batch-plan.ts';
import { type CachedBatch, EntityCache } from './entity-cache.ts';

/** A call that several operations may wait for. It ends early only when all of them have left. */
export interface Flight {
  readonly answer: Promise<BatchAnswer>;
  /** On the clock of `performance.now()`, in milliseconds; its own, not that of who started it. */
  readonly deadline: number;
  join(): void;
  leave(): void;
}

/** A key under which values are shared: its scope, arguments and own text in one. */
interface SharedKey {
  readonly id: string;
  readonly text: string;
  readonly key: unknown;
}

/** What all operations of a server share of one batch: values kept, and calls in flight. */
export class SharedBatch {
  readonly #flights = new Map<string, Flight>();
  readonly #cache: EntityCache;

  constructor(options: CachedBatch, now: () => number) {
    this.#cache = new EntityCache(options, now);
  }

  read(id: string): ReturnType<EntityCache['read']> {
    return this.#cache.read(id);
  }

  /** A value to answer instead of the error; undefined when there is none, or the error is the answer. */
  readInsteadOf(error: Error, id: string): unknown {
    const upstream = isBackendError(error) && /^(UPSTREAM_|CIRCUIT_|RATE_)/.test(error.code);
    return upstream ? this.#cache.readAfterError(id) : undefined;
  }

  /** The call that already asks for the key. */
  flightOf(id: string): Flight | undefined {
    return this.#flights.get(id);
  }

  /** Asks for the keys, for whoever joins. What comes is kept as far as the backend lets it. */
  start(
    plan: BatchPlan,
    context: RequestContext,
    keys: readonly SharedKey[],
    args: unknown,
  ): Flight {
    const left = new AbortController();
    const deadline = performance.now() + plan.timeoutMs;
    let waiting = 0;
    const remove = (): void => {
      for (const { id } of keys) if (this.#flights.get(id) === flight) this.#flights.delete(id);
    };
    const asked = ask(
      plan,
      context,
      keys.map(({ key }) => key),
      args,
      { signal: left.signal, deadline },
    );
    const flight: Flight = {
      deadline,
      answer: asked.then((answer) => {
        if (answer.error === null) this.#keep(keys, flight, answer);
        remove();
        return answer;
      }),
      join() {
        waiting += 1;
      },
      leave: () => {
        waiting -= 1;
        if (waiting > 0) return;
        remove();
        left.abort();
      },
    };
    for (const { id } of keys) this.#flights.set(id, flight);
    return flight;
  }

  /** Drops the value, and lets no call in flight bring an older one back. */
  forget(id: string): void {
    this.#cache.delete(id);
    this.#flights.delete(id);
  }

  /** Gaps and errors are not kept: a key that comes to exist is seen at once. */
  #keep(
    keys: readonly SharedKey[],
    flight: Flight,
    answer: Extract<BatchAnswer, { error: null }>,
  ): void {
    for (const { id, text } of keys) {
      const value = answer.values.get(text);
      if (value === undefined || value === null || value instanceof Error) continue;
      if (this.#flights.get(id) === flight) this.#cache.write(id, value, answer.lifetimeMs);
    }
  }
}
