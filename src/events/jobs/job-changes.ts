import type { JobError } from './define-job.ts';
import type { JobOrder, JobRecord } from './job-store.ts';

/** Changes of a job, each from one state to the next. Times in milliseconds since 1970. */

export function newRecord(
  order: JobOrder,
  keyed: { readonly scope: string | null; readonly inputHash: string; readonly heldUntil: number },
): JobRecord {
  return {
    ...order,
    ...keyed,
    status: 'sending',
    attempt: 0,
    run: 0,
    dueAt: order.createdAt,
    progress: null,
    error: null,
    cause: null,
    isDead: false,
    finishedAt: null,
    version: 0,
  };
}

/** What the queue carries of a job. */
export function orderOf(record: JobOrder): JobOrder {
  const { id, name, viewer, client, requestId, traceparent, input, key } = record;
  const { idempotencyKey, createdAt } = record;
  return {
    id,
    name,
    viewer,
    client,
    requestId,
    traceparent,
    input,
    key,
    idempotencyKey,
    createdAt,
  };
}

/** The queue has it. A worker may have been faster. */
export function confirmed(record: JobRecord): JobRecord | null {
  return record.status === 'sending' ? next(record, { status: 'queued', heldUntil: 0 }) : null;
}

/** The queue may or may not have it: whoever comes with the same key may send it anew. */
export function unconfirmed(record: JobRecord): JobRecord | null {
  return record.status === 'sending' ? next(record, { heldUntil: 0 }) : null;
}

export function isFinished({ status }: JobRecord): boolean {
  return status === 'succeeded' || status === 'failed';
}

export function started(record: JobRecord, heldUntil: number): JobRecord {
  return next(record, {
    status: 'running',
    attempt: record.attempt + 1,
    run: record.run + 1,
    heldUntil,
  });
}

/** Changes a run makes of its own job; null once another run has taken its place. */
export function ofRun(
  run: number,
  change: (record: JobRecord) => Partial<JobRecord>,
): (record: JobRecord) => JobRecord | null {
  return (record) =>
    record.status === 'running' && record.run === run ? next(record, change(record)) : null;
}

export function succeeded(result: unknown, now: number): Partial<JobRecord> {
  return {
    status: 'succeeded',
    result: result ?? null,
    progress: 1,
    error: null,
    heldUntil: 0,
    finishedAt: now,
  };
}

export function failed(
  failure: { readonly error: JobError; readonly cause: string; readonly isDead: boolean },
  now: number,
): Partial<JobRecord> {
  return { status: 'failed', ...failure, heldUntil: 0, finishedAt: now };
}

export function putBack(
  dueAt: number,
  changes: Pick<Partial<JobRecord>, 'attempt' | 'cause'>,
): Partial<JobRecord> {
  return { status: 'queued', dueAt: Math.ceil(dueAt), heldUntil: 0, ...changes };
}

/** A dead letter that an operator sends on its way again. */
export function revived(record: JobRecord, now: number): JobRecord | null {
  if (!record.isDead) return null;
  return next(record, {
    status: 'queued',
    isDead: false,
    attempt: 0,
    dueAt: now,
    error: null,
    finishedAt: null,
  });
}

/** A dead letter again, since the queue did not take it. */
export function deadAgain(dead: JobRecord): (record: JobRecord) => JobRecord | null {
  return (record) =>
    record.status === 'queued' ? { ...dead, run: record.run, version: record.version + 1 } : null;
}

function next(record: JobRecord, changes: Partial<JobRecord>): JobRecord {
  return { ...record, ...changes, version: record.version + 1 };
}
