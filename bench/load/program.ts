/**
 * The load as a program of its own on its core: takes a `LoadOrder` from its parent over IPC,
 * answers with a `LoadResult`, and waits for the next one. It stays for the whole run, so that its
 * own code is as warm in the first slice of a table as in the last.
 */
import type { LoadOrder } from './order.ts';
import { takeSlice } from './slice.ts';

process.on('message', async (order: LoadOrder) => {
  process.send?.(await takeSlice(order));
});
process.on('disconnect', () => process.exit());
