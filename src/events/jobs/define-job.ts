import { type DefinitionPlace, describePlace, placeOfCaller } from '../../definition-place.ts';
import type { RequestContext, Viewer } from '../../request.ts';
import { liveEvents } from '../live-events.ts';
import { refuseUnknown } from '../../refuse-unknown.ts';
import type { StandardSchema } from '../standard-schema.ts';

export interface JobOptions<Input, Given, Result> {
  /** What is done, in the app's words: `bookings.bookFlight`. Names its channel at the queue. */
  readonly name: string;
  /** What it is done with: plain JSON. Any Standard Schema. */
  readonly input: StandardSchema<Input, Given>;
  /** Jobs of one key are done one after another, in the order they were enqueued. @default any at any time */
  readonly key?: (input: Input) => string;
  /**
   * Does the work; what it gives is the job's result, plain JSON. It may run more than once (a
   * process can die after the effect and before it is noted), so it hands `job.idempotencyKey` to
   * the backend. BackendErrors and GraphQLErrors that say BAD_USER_INPUT, FORBIDDEN, NOT_FOUND or
   * CONFLICT end the job; whatever else it throws is tried again.
   */
  readonly run: (input: Input, job: RunningJob) => Promise<Result> | Result;
  /** How many are done at once in a process. @default 4 */
  readonly concurrency?: number;
  /** How long one attempt may take, in milliseconds. @default 60000 */
  readonly timeoutMs?: number;
  /**
   * Waits between attempts, in milliseconds, each give or take a fifth; after the last attempt the
   * job is a dead letter. @default [1000, 10000, 60000, 300000], which makes five attempts
   */
  readonly backoffMs?: readonly number[];
}

/** A job while it is done. */
export interface RunningJob {
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** The same on every attempt: the client's own, or the job's id. */
  readonly idempotencyKey: string;
  /** Who asked for it; they may be gone by now. */
  readonly viewer: Viewer | null;
  /**
   * For calls to backends. They carry the bff's own access tokens, never the viewer's: a backend is
   * told in the call itself for whom it is.
   */
  readonly context: RequestContext;
  /** Tells followers how far it is, from 0 to 1. */
  progress(share: number): void;
  /** What an earlier attempt saved; undefined when none did. */
  readonly saved: unknown;
  /** Keeps plain JSON for the attempts that follow: what has been started, say. */
  save(value: unknown): Promise<void>;
  /** Ends this attempt, to go on in another after so long; it does not count as one that failed. */
  later(afterMs: number): never;
}

export const jobStatuses = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;

export type JobStatus = (typeof jobStatuses)[number];

/** A job as whoever enqueued it sees it. */
export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  /** From 0 to 1; null when it does not say. */
  readonly progress: number | null;
  /** What it came to; null until it succeeded. */
  readonly result: unknown;
  /** Why it failed, in a code of the closed set and a safe sentence. */
  readonly error: JobError | null;
}

export interface JobError {
  readonly code: string;
  readonly message: string;
}

export interface EnqueueOptions {
  /**
   * Chosen by the client, new for each job and the same when it tries again: for 24 hours a repeat
   * of the same viewer gets the first job. @default each is new
   */
  readonly idempotencyKey?: string | null | undefined;
}

/** Work that a mutation leaves behind. Inert: it can be shared by any number of bffs. */
export interface JobDefinition<Input = unknown, Given = Input, Result = unknown> {
  readonly name: string;
  readonly place: DefinitionPlace | null;
  readonly input: StandardSchema<Input, Given>;
  /** Null: in no order. */
  key(input: Input): string | null;
  run(input: Input, job: RunningJob): Promise<Result> | Result;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly backoffMs: readonly number[];
  /**
   * Resolves once the queue has it for good.
   *
   * Fails: GraphQLError BAD_USER_INPUT for an input that breaks its schema, or a key that was used
   * for another input; CONFLICT while the first with that key is being taken on; UNAUTHENTICATED
   * for a key of nobody; BackendError UPSTREAM_UNAVAILABLE when the queue can't take it.
   */
  enqueue(context: RequestContext, input: Given, options?: EnqueueOptions): Promise<Job>;
}

/** Describes a job. List it under `jobs` of a subschema. */
export function defineJob<Input, Given = Input, Result = unknown>(
  options: JobOptions<Input, Given, Result>,
): JobDefinition<Input, Given, Result> {
  const place = placeOfCaller(defineJob);
  refuseUnknown(`${describePlace(place)}: defineJob`, options, optionNames);
  const { name, key, concurrency = 4, timeoutMs = 60_000 } = options;
  const { backoffMs = [1_000, 10_000, 60_000, 300_000] } = options;
  const at = `${describePlace(place)}: the job`;
  if (!/^[a-z][a-zA-Z0-9-]*(\.[a-z][a-zA-Z0-9-]*)*$/.test(name) || name.length > 48) {
    throw new Error(
      `${at}'s name ${JSON.stringify(name)} must be at most 48 letters, digits and dashes with dots between words, such as "bookings.bookFlight"`,
    );
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
    throw new Error(`${at} "${name}": concurrency is ${concurrency}; give a number from 1 to 1000`);
  }
  if (!(timeoutMs >= 100 && timeoutMs <= 3_600_000)) {
    throw new Error(
      `${at} "${name}": timeoutMs is ${timeoutMs}; give 100 to 3600000, and use job.later() for work that takes longer`,
    );
  }
  if (!Array.isArray(backoffMs)) {
    throw new Error(
      `${at} "${name}": backoffMs is ${String(backoffMs)}; give a list of waits, one before each further attempt, such as [1_000, 10_000]`,
    );
  }
  const wrong = backoffMs.find((ms) => !(ms >= 0 && ms <= 7 * 86_400_000));
  if (wrong !== undefined) {
    throw new Error(`${at} "${name}": backoffMs has ${wrong}; give waits of 0 ms to 7 days`);
  }
  const job: JobDefinition<Input, Given, Result> = {
    name,
    place,
    input: options.input,
    key: (input) => key?.(input) ?? null,
    run: options.run,
    concurrency,
    timeoutMs,
    backoffMs,
    enqueue: (context, input, enqueued) =>
      liveEvents(context).jobs.enqueue(job as JobDefinition, context, input, enqueued),
  };
  return job;
}

const optionNames = [
  'name',
  'input',
  'key',
  'run',
  'concurrency',
  'timeoutMs',
  'backoffMs',
] as const satisfies (keyof JobOptions<unknown, unknown, unknown>)[];
