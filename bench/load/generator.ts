import { join } from 'node:path';
import { loadCore, startWorker } from '../processes.ts';
import type { LoadOrder, LoadResult } from './order.ts';

export interface LoadGenerator {
  /** Puts load on a server and tells what came of it; one order at a time. */
  take(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Starts `program.ts` on the load's core. */
export function startLoadGenerator(): LoadGenerator {
  const file = join(import.meta.dirname, 'program.ts');
  const worker = startWorker({ file: process.execPath, args: [file] }, loadCore);
  return {
    take: async (order) => (await worker.ask(order)) as LoadResult, // `program.ts` sends nothing else
    stop: worker.stop,
  };
}
