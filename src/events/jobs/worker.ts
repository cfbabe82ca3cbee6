import { reasonOf } from '../broker-state.ts';
import { Attempt, type AttemptOptions } from './attempt.ts';
import type { JobDefinition } from './define-job.ts';
import { orderOf } from './job-changes.ts';
import type { Queue } from './queue.ts';

export interface WorkerOptions extends AttemptOptions {
  readonly jobs: readonly JobDefinition[];
  readonly channelOf: (name: string) => string;
  readonly queue: Queue;
  readonly lostAfterMs: number;
}

/** Does jobs until it is closed; then waits for those in hand. */
export interface Worker {
  close(): Promise<void>;
}

const day = 86_400_000;
/** How long finished jobs and idempotency keys are known, and dead letters, in milliseconds. */
const keepMs = { finished: day, keys: day, dead: 30 * day };

export function createWorker(options: WorkerOptions): Worker {
  const { jobs, queue, channelOf, store, lostAfterMs, now, log } = options;
  const consumers = jobs.map((definition) =>
    queue.consume(channelOf(definition.name), {
      concurrency: definition.concurrency,
      handle: (message) => new Attempt(options, definition).handle(message),
    }),
  );
  const sweeping = setInterval(
    () => void sweep().catch((error: unknown) => log(`jobs can't be swept: ${reasonOf(error)}`)),
    Math.min(60_000, lostAfterMs),
  ).unref();

  return {
    async close() {
      clearInterval(sweeping);
      await Promise.all(consumers.map((consumer) => consumer.close()));
    },
  };

  /** Forgets what is old; sends anew what a queue has lost. */
  async function sweep(): Promise<void> {
    const at = now();
    await store.forget({
      finished: at - keepMs.finished,
      keys: at - keepMs.keys,
      dead: at - keepMs.dead,
    });
    for (const record of await store.overdue(at - lostAfterMs, 100)) {
      // From now on it is late again only after as long; a copy that comes as well changes nothing.
      const renewed = await store.change(record.id, (job) =>
        job.status === 'queued' && job.version === record.version
          ? { ...job, dueAt: at, version: job.version + 1 }
          : null,
      );
      if (!renewed) continue;
      await queue.send(channelOf(renewed.name), {
        id: renewed.id,
        body: JSON.stringify(orderOf(renewed)),
      });
    }
  }
}
