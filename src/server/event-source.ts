import { TopicReader } from '../events/topics/topic-reader.ts';

/** What a subscription hears, taken one by one as far as it is at hand. */
export interface EventSource {
  /** An event or the end; null while there is nothing. Throws what the source fails with, once. */
  take(): IteratorResult<unknown, unknown> | null;
  /** Runs when `take` has something again, after it had nothing. */
  onReady: (() => void) | null;
  /** Nothing is taken any more. */
  return(): unknown;
}

/** Topics give what they have without a promise an event; any other source is asked for one at a time. */
export function eventSource(events: AsyncIterable<unknown>): EventSource {
  const iterator = events[Symbol.asyncIterator]();
  return iterator instanceof TopicReader ? iterator : new IteratedSource(iterator);
}

type Step = { readonly result: IteratorResult<unknown, unknown> } | { readonly error: unknown };

class IteratedSource implements EventSource {
  onReady: (() => void) | null = null;
  readonly #iterator: AsyncIterator<unknown, unknown>;
  #step: Step | undefined;
  #isAsked = false;

  constructor(iterator: AsyncIterator<unknown, unknown>) {
    this.#iterator = iterator;
  }

  take(): IteratorResult<unknown, unknown> | null {
    const step = this.#step;
    if (!step) {
      if (!this.#isAsked) this.#ask();
      return null;
    }
    this.#step = undefined;
    if ('error' in step) throw step.error;
    return step.result;
  }

  return(): void {
    const closing = async (): Promise<unknown> => this.#iterator.return?.();
    closing().catch(() => {}); // it may fail while closing; its reader has left already
  }

  #ask(): void {
    this.#isAsked = true;
    const arrived = (step: Step): void => {
      this.#isAsked = false;
      this.#step = step;
      this.onReady?.();
    };
    const next = async (): Promise<IteratorResult<unknown, unknown>> => this.#iterator.next();
    next().then(
      (result) => arrived({ result }),
      (error: unknown) => arrived({ error }),
    );
  }
}
