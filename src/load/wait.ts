import { assemblyMs } from '../backend/policy.ts';
import type { RequestContext } from '../request.ts';
import type { PendingKey } from './column.ts';
import type { Flight, FlightAnswer } from './flight.ts';

/** Who waits for keys of a flight. */
export interface Waiter {
  readonly context: RequestContext;
  arrived(keys: readonly PendingKey[], answer: FlightAnswer): void;
  /** It may wait no longer, and has left. */
  gaveUp(keys: readonly PendingKey[]): void;
}

/** Waits as long as the waiter's operation may; leaving does not end the call for others. */
export function waitFor(flight: Flight, keys: readonly PendingKey[], waiter: Waiter): void {
  const { signal, deadline } = waiter.context;
  flight.join();
  if (keys.every(({ column }) => column === null)) {
    // A refresh outlives the operation.
    void flight.answer.then((answer) => waiter.arrived(keys, answer));
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  let left = false;
  const end = (answer: FlightAnswer): void => {
    if (left) return;
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    waiter.arrived(keys, answer);
  };
  const leave = (): void => {
    left = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    flight.leave();
    waiter.gaveUp(keys);
  };
  signal.addEventListener('abort', leave);
  const remainingMs = deadline - assemblyMs - performance.now();
  if (deadline - assemblyMs < flight.deadline) timer = setTimeout(leave, remainingMs);
  void flight.answer.then(end);
}
