import type { Backend, BackendAnswer } from '../../backend/backend.ts';
import type { RestApi } from '../../backend/rest-api.ts';
import { grpcStatusMeaning } from '../../backend/status.ts';
import { BackendError } from '../../error.ts';
import type { RunningJob } from './define-job.ts';

/** How far a backend's own work is. */
export interface OperationState {
  readonly isDone: boolean;
  /** From 0 to 1. @default it does not say */
  readonly progress?: number | undefined;
  /** What it came to. @default null */
  readonly result?: unknown;
}

export interface LocationOptions<Paths> {
  /** Begins the work; asked once, also when the job is interrupted. */
  readonly start: (api: RestApi<Paths>) => Promise<unknown>;
  /**
   * What an answer of the location means; throws a BackendError for work that failed.
   * @default 202 goes on, any other success is the result
   */
  readonly read?: (body: unknown) => OperationState;
  /** How often the location is asked when the backend does not say, in milliseconds. @default 2000 */
  readonly everyMs?: number;
}

/**
 * Does a job by work that a REST backend goes on with after it answered 202 and a `Location`. The
 * location is asked under the backend's own address, whatever host it names, and the job takes up no
 * worker meanwhile. An answer other than 202 to the start is the result.
 *
 * Fails: BackendError; UPSTREAM_BAD_RESPONSE for a 202 without a location.
 */
export async function followLocation<Paths>(
  backend: Backend<RestApi<Paths>>,
  job: RunningJob,
  { start, read, everyMs = 2_000 }: LocationOptions<Paths>,
): Promise<unknown> {
  let answer: BackendAnswer | undefined;
  const onAnswer = (given: BackendAnswer) => (answer = given);
  const known = job.saved as { readonly location: string } | undefined; // this function's own
  let value: unknown;
  if (known === undefined) value = await start(backend.api(job.context, { onAnswer }));
  else {
    const api = backend.api(job.context, {
      onAnswer,
      through: (call, transport) =>
        transport.call({ ...call, request: { ...call.request, path: known.location } as never }), // still a rest request
    }) as unknown as RestApi;
    value = await api.get('/{location}', { params: { location: 'of-the-operation' } });
  }
  const goesOn = answer?.accepted === true;
  if (!goesOn && (known === undefined || read === undefined)) return value;
  const state: OperationState = !goesOn && read ? read(value) : { isDone: false };
  if (state.isDone) return state.result ?? null;
  if (state.progress !== undefined) job.progress(state.progress);
  const location = String(answer?.headers['location'] ?? known?.location ?? '');
  if (location !== known?.location) {
    await job.save({ location: pathOf(backend.name, location) });
  }
  return job.later(retryAfterMs(answer) ?? everyMs);
}

/** The part of `google.longrunning.Operation` that is read here, as the proto loader gives it. */
export interface LongRunningOperation {
  readonly name: string;
  readonly done: boolean;
  readonly error?: { readonly code: number; readonly message: string } | null;
}

export interface OperationOptions<Operation extends LongRunningOperation> {
  /** Named in errors. */
  readonly backend: string;
  /** Begins the work; asked once, also when the job is interrupted. */
  readonly start: () => Promise<Operation>;
  /** `google.longrunning.Operations/GetOperation`. */
  readonly get: (name: string) => Promise<Operation>;
  /** What one that is done came to. */
  readonly result: (operation: Operation) => unknown;
  /** How far one is, from 0 to 1, by its metadata. @default it does not say */
  readonly progress?: (operation: Operation) => number | undefined;
  /** How often it is asked for, in milliseconds. @default 2000 */
  readonly everyMs?: number;
}

/**
 * Does a job by a `google.longrunning.Operation` of a gRPC backend; the job takes up no worker
 * meanwhile. Fails: BackendError with the meaning of the operation's own error.
 */
export async function followOperation<Operation extends LongRunningOperation>(
  job: RunningJob,
  options: OperationOptions<Operation>,
): Promise<unknown> {
  const { start, get, result, progress, everyMs = 2_000 } = options;
  const known = job.saved as { readonly operation: string } | undefined; // this function's own
  const operation = await (known === undefined ? start() : get(known.operation));
  if (operation.error) {
    const { code, message } = operation.error;
    throw new BackendError({
      ...grpcStatusMeaning(code),
      backend: options.backend,
      message: `${options.backend} operation ${operation.name} failed: ${message}`,
    });
  }
  if (operation.done) return result(operation);
  if (known === undefined) await job.save({ operation: operation.name });
  const share = progress?.(operation);
  if (share !== undefined) job.progress(share);
  return job.later(everyMs);
}

/** Below the backend's own address: where a backend is reached is for the settings to say. */
function pathOf(backend: string, location: string): string {
  const url = location === '' ? null : URL.parse(location, 'http://backend/');
  if (url) return url.pathname + url.search;
  throw new BackendError({
    code: 'UPSTREAM_BAD_RESPONSE',
    backend,
    message: `${backend} answered 202 with ${location === '' ? 'no location' : `the location "${location}"`}; a URL or a path is needed to ask how far it is`,
  });
}

/** `Retry-After` in seconds; dates are left to the default. */
function retryAfterMs(answer: BackendAnswer | undefined): number | null {
  const text = String(answer?.headers['retry-after'] ?? '');
  return /^\d{1,5}$/.test(text) ? Number(text) * 1_000 : null;
}
