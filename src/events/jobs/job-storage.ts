import { join } from 'node:path';
import { openSqliteFile } from '../sqlite-file.ts';
import type { JobStore } from './job-store.ts';
import type { Queue } from './queue.ts';
import type { QueueUrls } from './queue-settings.ts';
import { createSqliteQueue, sqliteQueueSchema } from './queues/sqlite.ts';
import { createSqliteJobStore, sqliteJobStoreSchema } from './stores/sqlite.ts';

export interface JobStorageOptions {
  readonly bff: string;
  readonly urls: QueueUrls;
  /** Folder of the SQLite file; null keeps it in memory. */
  readonly dataDir: string | null;
  /** Takes what an operator should know. */
  readonly log: (message: string) => void;
}

/** Where the jobs of a bff wait, and where it is kept how they stand. */
export interface JobStorage {
  readonly queue: Queue;
  readonly store: JobStore;
}

/** Fails: Error for a file that can't be opened, or a broker's client that is not installed. */
export function openJobStorage({ bff, dataDir, log }: JobStorageOptions): JobStorage {
  const file = openSqliteFile({
    path: dataDir === null ? ':memory:' : join(dataDir, `${bff}-jobs.sqlite`),
    schema: sqliteJobStoreSchema + sqliteQueueSchema,
    backend: 'jobs',
  });
  const store = createSqliteJobStore(file);
  return {
    queue: createSqliteQueue({ file, log }),
    store: { ...store, close: () => file.close() },
  };
}
