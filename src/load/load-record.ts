import type { LoadRecord } from '../request.ts';
import type { PendingKey } from './column.ts';

/** What an operation has found of a batch: nothing yet. */
export function newLoadRecord(batch: LoadRecord['batch']): LoadRecord {
  return {
    batch,
    keys: 0,
    fresh: 0,
    stale: 0,
    stored: 0,
    joined: 0,
    asked: 0,
    insteadOfError: 0,
  };
}

/** How many keys somebody waits for; the others are refreshed behind an answer. */
export function waitedFor(keys: readonly PendingKey[]): number {
  let count = 0;
  for (const { column } of keys) if (column !== null) count += 1;
  return count;
}
