import { GraphQLError } from 'graphql';
import { isBackendError } from '../../error.ts';
import { reasonOf } from '../broker-state.ts';
import type { EventsObserver } from '../observer.ts';
import type { JobDefinition, RunningJob } from './define-job.ts';
import {
  failed,
  isFinished,
  newRecord,
  ofRun,
  putBack,
  started,
  succeeded,
} from './job-changes.ts';
import type { JobOrder, JobRecord, JobStore } from './job-store.ts';
import type { JobsHost } from './live-jobs.ts';
import { Progress } from './progress.ts';
import { done, type Outcome, type QueueMessage } from './queue.ts';

export interface AttemptOptions {
  readonly store: JobStore;
  readonly host: JobsHost;
  readonly observer: EventsObserver;
  readonly log: (message: string) => void;
  readonly holdMs: number;
  readonly now: () => number;
  /** Told of every change that is made. */
  readonly changed: (record: JobRecord) => void;
}

/** Longest wait of a job whose key is taken, in milliseconds. */
const longestTurnMs = 5_000;

/** One delivery of one job. */
export class Attempt {
  readonly #options: AttemptOptions;
  readonly #definition: JobDefinition;

  constructor(options: AttemptOptions, definition: JobDefinition) {
    this.#options = options;
    this.#definition = definition;
  }

  async handle(message: QueueMessage): Promise<Outcome> {
    const order = JSON.parse(message.body) as JobOrder; // written by this library, for this channel
    const claimed = await this.#claim(order);
    return 'kind' in claimed ? claimed : this.#run(claimed);
  }

  /** The job, taken on by this delivery; or what else is to become of the delivery. */
  async #claim(order: JobOrder): Promise<JobRecord | Outcome> {
    const { store, holdMs, now } = this.#options;
    const known = (await store.read(order.id)) ?? (await this.#recover(order));
    if (isFinished(known)) return done;
    const ahead = known.key === null ? 0 : await store.ahead(known);
    if (ahead > 0) return { kind: 'again', afterMs: Math.min(100 * ahead, longestTurnMs) };
    const most = this.#definition.backoffMs.length + 1;
    let outcome: Outcome = done;
    const claimed = await this.#change(order.id, (record) => {
      if (isFinished(record)) return null;
      const waitMs =
        (record.status === 'running' ? record.heldUntil : record.dueAt) - Math.floor(now());
      if (waitMs > 0) {
        outcome = { kind: 'again', afterMs: waitMs };
        return null;
      }
      return record.attempt >= most
        ? { ...record, ...this.#interrupted(record), version: record.version + 1 }
        : started(record, now() + holdMs);
    });
    if (claimed?.isDead) this.#options.observer.deadLettered(this.#definition.name);
    return claimed?.status === 'running' ? claimed : outcome;
  }

  /** A job that the queue kept and its store lost. */
  async #recover(order: JobOrder): Promise<JobRecord> {
    const record = newRecord(order, { scope: null, inputHash: '', heldUntil: 0 });
    await this.#options.store.insert(record);
    return record;
  }

  async #run(record: JobRecord): Promise<Outcome> {
    const { holdMs, host, log, now } = this.#options;
    const { timeoutMs } = this.#definition;
    const controller = new AbortController();
    const deadline = performance.now() + timeoutMs;
    const timer = setTimeout(
      () => controller.abort(new DOMException(`took more than ${timeoutMs} ms`, 'TimeoutError')),
      timeoutMs,
    );
    const renewal = setInterval(() => {
      this.#change(
        record.id,
        ofRun(record.run, () => ({ heldUntil: now() + holdMs })),
      ).catch((error: unknown) => log(`job ${record.id} can't be held: ${reasonOf(error)}`));
    }, holdMs / 3);
    const progress = new Progress((share) => {
      this.#change(
        record.id,
        ofRun(record.run, () => ({ progress: share })),
      ).catch(() => {}); // the next one tells as much
    });
    try {
      const job = this.#jobOf(record, progress, controller.signal, deadline, host);
      const result = await abortable(
        Promise.resolve().then(() => this.#definition.run(record.input, job)),
        controller.signal,
      );
      progress.stop();
      await this.#change(
        record.id,
        ofRun(record.run, () => succeeded(result, now())),
      );
      return done;
    } catch (error) {
      progress.stop();
      return await this.#settle(record, error);
    } finally {
      progress.stop();
      clearTimeout(timer);
      clearInterval(renewal);
    }
  }

  #jobOf(
    record: JobRecord,
    progress: Progress,
    signal: AbortSignal,
    deadline: number,
    host: JobsHost,
  ): RunningJob {
    return {
      id: record.id,
      attempt: record.attempt,
      idempotencyKey: record.idempotencyKey,
      viewer: record.viewer,
      context: host.contextOf(record, signal, deadline),
      saved: record.saved,
      progress: (share) => progress.note(share),
      save: async (saved) => {
        const changed = await this.#change(
          record.id,
          ofRun(record.run, () => ({ saved })),
        );
        if (!changed) throw new Error(`job ${record.id} was taken on by another worker`);
      },
      later: (afterMs) => {
        throw new Later(afterMs);
      },
    };
  }

  async #settle(record: JobRecord, error: unknown): Promise<Outcome> {
    const { observer, host, log, now } = this.#options;
    const { name, backoffMs } = this.#definition;
    if (error instanceof Later) {
      await this.#change(
        record.id,
        ofRun(record.run, () => putBack(now() + error.afterMs, { attempt: record.attempt - 1 })),
      );
      return { kind: 'again', afterMs: error.afterMs };
    }
    const cause = causeTextOf(error);
    const waitMs = isFinal(error) ? undefined : backoffMs[record.attempt - 1];
    if (waitMs !== undefined) {
      const afterMs = waitMs * (0.8 + Math.random() * 0.4);
      await this.#change(
        record.id,
        ofRun(record.run, () => putBack(now() + afterMs, { cause })),
      );
      observer.redelivered(name);
      return { kind: 'again', afterMs };
    }
    const isDead = !isFinal(error);
    const changed = await this.#change(
      record.id,
      ofRun(record.run, () => failed({ error: host.maskOf(error, record), cause, isDead }, now())),
    );
    if (changed && isDead) {
      observer.deadLettered(name);
      log(`job ${record.id} (${name}) is a dead letter after ${record.attempt} attempts: ${cause}`);
    }
    return done;
  }

  #interrupted(record: JobRecord): Partial<JobRecord> {
    const cause = `the process ended while it was done, ${record.attempt} times${record.cause === null ? '' : `; before that: ${record.cause}`}`;
    const error = this.#options.host.maskOf(new Error(cause), record);
    this.#options.log(`job ${record.id} (${record.name}) is a dead letter: ${cause}`);
    return failed({ error, cause, isDead: true }, this.#options.now());
  }

  async #change(
    id: string,
    change: (record: JobRecord) => JobRecord | null,
  ): Promise<JobRecord | null> {
    const record = await this.#options.store.change(id, change);
    if (record) this.#options.changed(record);
    return record;
  }
}

const finalCodes = ['BAD_USER_INPUT', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'];

/** Whether trying again would come to the same. */
function isFinal(error: unknown): boolean {
  if (isBackendError(error)) return !error.retryable && finalCodes.includes(error.code);
  return error instanceof GraphQLError && finalCodes.includes(String(error.extensions.code));
}

function causeTextOf(error: unknown): string {
  const text = isBackendError(error) ? `${error.code}: ${error.message}` : reasonOf(error);
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}

/** The promise, or the signal's reason as soon as it aborts. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** What `job.later` throws. */
class Later {
  readonly afterMs: number;

  constructor(afterMs: number) {
    this.afterMs = afterMs;
  }
}
