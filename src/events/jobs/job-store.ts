import type { ClientIdentity, Viewer } from '../../request.ts';
import type { JobError } from './define-job.ts';

/** What the queue carries, and what is enough to do the job should the store have lost it. Plain JSON. */
export interface JobOrder {
  readonly id: string;
  /** The definition's name. */
  readonly name: string;
  readonly viewer: Viewer | null;
  readonly client: ClientIdentity;
  /** Of the operation that enqueued it, for logs. */
  readonly requestId: string;
  /** The trace that it belongs to. */
  readonly traceparent: string | null;
  readonly input: unknown;
  /** What orders it among others of its definition; null: nothing. */
  readonly key: string | null;
  readonly idempotencyKey: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A job as its store keeps it. Times in milliseconds since 1970. */
export interface JobRecord extends JobOrder {
  /** `sending` until the queue has confirmed it. */
  readonly status: 'sending' | 'queued' | 'running' | 'succeeded' | 'failed';
  /** Viewer, definition and idempotency key together; null when the client gave none. */
  readonly scope: string | null;
  readonly inputHash: string;
  /** Attempts so far that count. */
  readonly attempt: number;
  /** Tells one run from the next, so that one which was given up changes nothing any more. */
  readonly run: number;
  /** Of `sending` and `running`: until when nobody else may take it on. */
  readonly heldUntil: number;
  /** Not before. */
  readonly dueAt: number;
  readonly progress: number | null;
  readonly saved?: unknown;
  readonly result?: unknown;
  readonly error: JobError | null;
  /** What the last failure was, for operators. */
  readonly cause: string | null;
  /** Whether it was given up and waits for an operator. */
  readonly isDead: boolean;
  readonly finishedAt: number | null;
  /** Grows with every change. */
  readonly version: number;
}

/**
 * Where jobs stand. Shared by the processes that share a queue. "Durably" is as durable as what
 * keeps it. Fails with BackendError UPSTREAM_UNAVAILABLE.
 */
export interface JobStore {
  /** Durably, unless its scope is taken: then the job that has it. */
  insert(record: JobRecord): Promise<JobRecord | null>;
  read(id: string): Promise<JobRecord | null>;
  /**
   * Durably what `change` makes of the job, in one step; null when there is none or `change` gives
   * null. It may be called more than once.
   */
  change(id: string, change: (record: JobRecord) => JobRecord | null): Promise<JobRecord | null>;
  /** Unfinished jobs of the same definition and key that were inserted before it. */
  ahead(record: JobRecord): Promise<number>;
  /** Dead letters, the oldest first, after the one with the id `after`. */
  dead(limit: number, after: string | null): Promise<JobRecord[]>;
  /** Jobs that wait in the queue and should have come before `dueBefore`. */
  overdue(dueBefore: number, limit: number): Promise<JobRecord[]>;
  /**
   * Forgets what finished before, dead letters that died before, and of what was enqueued before
   * `keys` the idempotency keys, and what no queue ever confirmed.
   */
  forget(before: {
    readonly finished: number;
    readonly dead: number;
    readonly keys: number;
  }): Promise<void>;
  close(): Promise<void>;
}

/** What orders a job among others, in one text; JSON keeps its two parts apart, whatever is in them. */
export function laneOf({ name, key }: JobRecord): string | null {
  return key === null ? null : JSON.stringify([name, key]);
}
