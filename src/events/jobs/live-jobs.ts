import { randomUUID } from 'node:crypto';
import { describePlace } from '../../definition-place.ts';
import type { RequestContext } from '../../request.ts';
import { type EventsObserver, nobodyObserves } from '../observer.ts';
import type { EnqueueOptions, Job, JobDefinition, JobError } from './define-job.ts';
import { confirmed, deadAgain, newRecord, orderOf, revived, unconfirmed } from './job-changes.ts';
import { hashOf, readInput, refusal, scopeOf } from './job-input.ts';
import type { JobOrder, JobRecord, JobStore } from './job-store.ts';
import { type DeadLetter, deadLetterOf, isOf, jobOf } from './job-views.ts';
import { JobWatch } from './job-watch.ts';
import { type Queue, sendTimeoutMs } from './queue.ts';
import { createWorker, type Worker } from './worker.ts';

/** What the server lends to jobs. */
export interface JobsHost {
  /** A context to do a job in: backends, the bff's own tokens, the viewer who enqueued it. */
  readonly contextOf: (
    order: Pick<JobOrder, 'viewer' | 'client' | 'requestId' | 'traceparent'>,
    signal: AbortSignal,
    deadline: number,
  ) => RequestContext;
  /** What its viewer may know of an error. */
  readonly maskOf: (error: unknown, order: JobOrder) => JobError;
}

export interface LiveJobsOptions {
  /** The bff's name: its jobs are done by its own workers. */
  readonly bff: string;
  readonly jobs: readonly JobDefinition[];
  /** Closed with the jobs. */
  readonly queue: Queue;
  /** Closed with the jobs. */
  readonly store: JobStore;
  readonly host: JobsHost;
  /** @default nobody */
  readonly observer?: EventsObserver;
  /** Takes what an operator should know. @default nobody */
  readonly log?: (message: string) => void;
  /** How long a job stays with a worker that died, in milliseconds. @default 15000 */
  readonly holdMs?: number;
  /** How often followers look for changes of other processes, in milliseconds. @default 250 */
  readonly watchMs?: number;
  /** A job that waits this long past its time is sent to the queue anew, in milliseconds. @default 600000 */
  readonly lostAfterMs?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** The jobs of a running server. */
export interface LiveJobs {
  enqueue(
    definition: JobDefinition,
    context: RequestContext,
    input: unknown,
    options?: EnqueueOptions,
  ): Promise<Job>;
  /** The job, when the viewer enqueued it; null for everyone else. */
  read(context: RequestContext, id: string): Promise<Job | null>;
  /** The job as it is and whenever it changes, until it is finished; a single null for others. */
  follow(context: RequestContext, id: string): AsyncIterableIterator<Job | null>;
  /** Starts to do jobs in this process; calling it again changes nothing. */
  work(): void;
  /** The oldest first; `after` is the id of the last one of the page before. */
  deadLetters(page: { first: number; after: string | null }): Promise<readonly DeadLetter[]>;
  /** Sends a dead letter to its queue again, with all its attempts; null when there is none. */
  redrive(id: string): Promise<Job | null>;
  /** Takes nothing more, waits for what is in hand, closes queue and store. */
  close(): Promise<void>;
}

/** How long an enqueue may take before a repeat of it may take over, in milliseconds. */
const sendHoldMs = 2 * sendTimeoutMs;

/** Runs the jobs of a bff. Fails: Error for two of one name. */
export function createLiveJobs(options: LiveJobsOptions): LiveJobs {
  const { jobs, queue, store, now = Date.now } = options;
  const { observer = nobodyObserves, log = () => {} } = options;
  const { holdMs = 15_000, watchMs = 250, lostAfterMs = 600_000 } = options;
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const twice = jobs.find((job) => byName.get(job.name) !== job);
  if (twice) {
    throw new Error(
      `${describePlace(twice.place)}: the job "${twice.name}" is declared twice; give one of them another name`,
    );
  }
  const channelOf = (name: string) => `jobs.${options.bff}.${name}`;
  const watch = new JobWatch({ store, everyMs: watchMs });
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;

  return {
    async enqueue(definition, context, given, { idempotencyKey } = {}) {
      assertDeclared(definition);
      const { viewer } = context;
      const input = await readInput(definition, given);
      const scope = scopeOf(definition, context, idempotencyKey);
      const id = randomUUID();
      const at = now();
      const fresh = newRecord(
        {
          id,
          name: definition.name,
          viewer: viewer && { ...viewer },
          client: context.client,
          requestId: context.requestId,
          traceparent: context.headers?.['traceparent'] ?? null,
          input,
          key: definition.key(input),
          idempotencyKey: idempotencyKey ?? id,
          createdAt: at,
        },
        { scope, inputHash: hashOf(input), heldUntil: at + sendHoldMs },
      );
      const first = await store.insert(fresh);
      if (first === null) return send(fresh);
      if (first.inputHash !== fresh.inputHash) {
        throw refusal(
          'BAD_USER_INPUT',
          'The idempotency key was used for something else; choose a new one.',
        );
      }
      if (first.status !== 'sending') return jobOf(first);
      if (first.heldUntil > at) {
        throw refusal('CONFLICT', 'This is being taken on just now; ask again in a moment.', true);
      }
      return send(first);
    },

    async read(context, id) {
      const record = await store.read(id);
      return record && isOf(record, context) ? jobOf(record) : null;
    },

    async *follow(context, id) {
      const record = await store.read(id);
      if (!record || !isOf(record, context)) {
        yield null;
        return;
      }
      for await (const seen of watch.follow(record, context.signal)) yield jobOf(seen);
    },

    work() {
      if (worker || closing || jobs.length === 0) return;
      worker = createWorker({
        jobs,
        channelOf,
        queue,
        store,
        host: options.host,
        observer,
        log,
        holdMs,
        lostAfterMs,
        now,
        changed: (record) => watch.changed(record),
      });
    },

    async deadLetters({ first, after }) {
      return (await store.dead(first, after)).map(deadLetterOf);
    },

    async redrive(id) {
      const dead = await store.read(id);
      const record = await store.change(id, (found) => revived(found, now()));
      if (!dead || !record) return null;
      try {
        return await send(record);
      } catch (error) {
        await store.change(id, deadAgain(dead)).catch(() => {}); // it is sent anew when it is overdue
        throw error;
      }
    },

    close() {
      closing ??= (async () => {
        await worker?.close();
        watch.close();
        await queue.close();
        await store.close();
      })();
      return closing;
    },
  };

  async function send(record: JobRecord): Promise<Job> {
    try {
      await queue.send(channelOf(record.name), {
        id: record.id,
        body: JSON.stringify(orderOf(record)),
      });
    } catch (error) {
      await store.change(record.id, unconfirmed).catch(() => {}); // it is held for a while only
      throw error;
    }
    const queued = await store.change(record.id, confirmed);
    return jobOf(queued ?? (await store.read(record.id)) ?? record);
  }

  function assertDeclared(definition: JobDefinition): void {
    if (byName.get(definition.name) === definition) return;
    throw new Error(
      `${describePlace(definition.place)}: the job "${definition.name}" does not run here; list it under jobs of a subschema of the "${options.bff}" bff`,
    );
  }
}
