import { AsyncResource } from 'node:async_hooks';

interface Waiting {
  readonly run: () => void;
  readonly origin: AsyncResource;
}

let waiting: Waiting[] = [];

/**
 * Runs what is given at the end of this turn of the event loop, all of it without a pause: operations
 * that ask for the same in one turn find each other's calls on their way. Each goes on in the async
 * context it came from, with its own trace. What one throws is uncaught once the others have run.
 */
export function atTurnsEnd(run: () => void): void {
  // Not `AsyncLocalStorage.bind`, which makes accessors that V8 keeps until a full collection.
  const origin = new AsyncResource('tailorbird.batch');
  if (waiting.push({ run, origin }) === 1) setImmediate(flush);
}

function flush(): void {
  const all = waiting;
  waiting = [];
  for (const { run, origin } of all) {
    try {
      origin.runInAsyncScope(run);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
