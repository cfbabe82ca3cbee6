import { GraphQLScalarType } from 'graphql';
import { type Job, type JobError, jobStatuses } from '../events/jobs/define-job.ts';
import { liveEvents } from '../events/live-events.ts';
import type { createSubschemaBuilder } from './builder.ts';

type Builder = ReturnType<typeof createSubschemaBuilder>;

/**
 * Adds `Job` to a subschema, with `job(id)` to ask for one and to follow it. Its type is for
 * mutations that enqueue. Several subschemas may have it.
 */
export function jobObject(builder: Builder) {
  builder.addScalarType('JSON', Json);
  const Status = builder.enumType('JobStatus', {
    description: 'Where a job stands.',
    values: statusValues,
  });
  const ErrorRef = builder.objectRef<JobError>('JobError').implement({
    description: 'Why a job failed.',
    fields: (t) => ({
      code: t.exposeString('code', {
        nullable: false,
        description: 'As the `code` of errors: `CONFLICT`, `UPSTREAM_UNAVAILABLE`.',
      }),
      message: t.exposeString('message', { nullable: false, description: 'A sentence.' }),
    }),
  });
  const JobRef = builder.objectRef<Job>('Job').implement({
    description: 'Work that goes on after its mutation was answered.',
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      status: t.expose('status', { type: Status, nullable: false }),
      progress: t.exposeFloat('progress', {
        description: 'From 0 to 1; null when it does not say.',
      }),
      result: t.field({
        type: 'JSON',
        description: 'What it came to; null until it succeeded.',
        resolve: ({ result }) => result as never, // JSON takes what the job gave
      }),
      error: t.expose('error', {
        type: ErrorRef,
        description: 'Null unless it failed.',
      }),
    }),
  });
  builder.queryField('job', (t) =>
    t.field({
      type: JobRef,
      description: "A job of the viewer's; null for any other. Known for a day after its end.",
      authScopes: () => true, // each sees their own
      args: { id: t.arg.id({ required: true }) },
      extensions: shared,
      resolve: (_, { id }, context) => liveEvents(context).jobs.read(context, id),
    }),
  );
  builder.subscriptionType({});
  builder.subscriptionField('job', (t) =>
    t.field({
      type: JobRef,
      description:
        "A job of the viewer's as it is and whenever it changes, until it ends; null for any other.",
      authScopes: () => true, // each sees their own
      args: { id: t.arg.id({ required: true }) },
      extensions: shared,
      subscribe: (_, { id }, context) => liveEvents(context).jobs.follow(context, id),
      resolve: (job) => job,
    }),
  );
  return JobRef;
}

/** One store has the jobs of all subschemas. */
const shared = { tailorbird: { shared: true } };

const statusValues = {
  QUEUED: { description: 'It waits for its turn, or to be tried again.' },
  RUNNING: { description: 'It is being done.' },
  SUCCEEDED: { description: 'It is done, and has its result.' },
  FAILED: { description: 'It was given up, and has its error.' },
} as const satisfies Record<(typeof jobStatuses)[number], object>;

/** Any JSON value, as it is. */
const Json = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
});
