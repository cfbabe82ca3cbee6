import type { Execution } from './execution.ts';

const refusals = new WeakSet<object>();

/** The error of a field that whoever asks may not have. */
export function refuse(execution: Pick<Execution, 'body' | 'context'>): Error {
  const error = execution.body.graph.access.refusal(execution.context);
  refusals.add(error);
  return error;
}

/** What was computed from something that is refused is refused as well. */
export function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error);
}
