import type { LiveBackend } from '../backend/backend.ts';
import type { JobsHost } from '../events/jobs/live-jobs.ts';
import type { LiveEvents } from '../events/live-events.ts';
import type { Auth } from './auth/auth.ts';
import { type Environment, maskError } from './mask.ts';

export interface JobsHostOptions {
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** Has tokens for backends. @default none */
  readonly auth?: Pick<Auth, 'tokenFor'> | undefined;
  readonly environment: Environment;
  /** Those that run, once they do. */
  readonly events: () => LiveEvents | undefined;
}

/**
 * What jobs are done in. Their viewer may be gone, so calls carry the bff's own tokens and name the
 * viewer in what they ask; logs and backends see the request that enqueued the job.
 */
export function createJobsHost({ backends, auth, environment, events }: JobsHostOptions): JobsHost {
  return {
    contextOf({ viewer, client, requestId, traceparent }, signal, deadline) {
      const running = events();
      return {
        requestId,
        viewer,
        client,
        signal,
        deadline,
        backends,
        memo: new Map(),
        calls: [],
        headers: traceparent === null ? {} : { traceparent },
        ...(running && { events: running }),
        ...(auth && {
          tokenFor: (audience: string, refused?: string) => auth.tokenFor(null, audience, refused),
        }),
      };
    },
    maskOf(error, { requestId }) {
      const { message, extensions } = maskError(error, { requestId, environment });
      return { code: String(extensions.code), message };
    },
  };
}
