import type { RequestContext } from '../../request.ts';
import type { Job } from './define-job.ts';
import { isFinished } from './job-changes.ts';
import type { JobRecord } from './job-store.ts';

/** A dead letter, for operators. */
export interface DeadLetter {
  readonly id: string;
  readonly job: string;
  readonly viewer: string | null;
  readonly input: unknown;
  readonly attempts: number;
  /** What the last attempt failed with. */
  readonly cause: string | null;
  readonly enqueuedAt: string;
  readonly diedAt: string | null;
}

/** Whether it is the viewer's own. */
export function isOf(record: JobRecord, { viewer }: RequestContext): boolean {
  return (record.viewer?.subject ?? null) === (viewer?.subject ?? null);
}

const statuses = {
  sending: 'QUEUED',
  queued: 'QUEUED',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
} as const;

/** A job as its viewer sees it. */
export function jobOf(record: JobRecord): Job {
  return {
    id: record.id,
    status: statuses[record.status],
    progress: record.progress,
    result: isFinished(record) ? (record.result ?? null) : null,
    error: record.error,
  };
}

export function deadLetterOf(record: JobRecord): DeadLetter {
  return {
    id: record.id,
    job: record.name,
    viewer: record.viewer?.subject ?? null,
    input: record.input,
    attempts: record.attempt,
    cause: record.cause,
    enqueuedAt: new Date(record.createdAt).toISOString(),
    diedAt: record.finishedAt === null ? null : new Date(record.finishedAt).toISOString(),
  };
}
