import { AsyncLocalStorage } from 'node:async_hooks';

let waiting: (() => void)[] = [];

/**
 * Runs what is given at the end of this turn of the event loop, all of it without a pause: operations
 * that ask for the same in one turn find each other's calls on their way. Each goes on in the async
 * context it came from, with its own trace.
 */
export function atTurnsEnd(run: () => void): void {
  if (waiting.push(AsyncLocalStorage.bind(run)) === 1) setImmediate(flush);
}

function flush(): void {
  const all = waiting;
  waiting = [];
  for (const run of all) run();
}
