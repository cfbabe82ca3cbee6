import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  type CreateServerOptions,
  createServer,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineJob,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
  jobObject,
  type RunningJob,
} from 'tailorbird';
import { createLogger } from '../../../src/server/log.ts';

export interface WorkInput {
  readonly what: string;
  readonly lane?: string | undefined;
}

export interface WorkOptions {
  readonly run: (input: WorkInput, job: RunningJob) => unknown;
  readonly backoffMs?: readonly number[];
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly server?: CreateServerOptions;
}

/** A bff whose one mutation leaves work behind, listening on ports of its own; `x-viewer` says who asks. */
export async function startJobServer({ run, server, ...options }: WorkOptions) {
  const builder = createSubschemaBuilder();
  const JobRef = jobObject(builder);
  const job = defineJob({
    name: 'work',
    input: z.object({ what: z.string().max(20), lane: z.string().optional() }),
    key: ({ lane, what }: WorkInput) => lane ?? what,
    run,
    ...options,
  });
  const Input = builder.inputType('WorkInput', {
    fields: (t) => ({ what: t.string({ required: true }), lane: t.string(), key: t.string() }),
  });
  builder.mutationType({});
  builder.mutationField('work', (t) =>
    t.field({
      type: JobRef,
      nullable: false,
      args: { input: t.arg({ type: Input, required: true }) },
      resolve: (_, { input: { what, lane, key } }, context) =>
        job.enqueue(context, { what, ...(lane && { lane }) }, { idempotencyKey: key }),
    }),
  );
  const backend = defineRestBackend({ name: 'things', endpoints: 'http://127.0.0.1:1' });
  const things = defineBatch(backend, {
    load: (_ids: readonly string[], api) => api.get('/') as Promise<{ id: string }[]>,
    keyOf: ({ id }) => id,
    cache: { scope: 'public', ttlMs: 60_000 },
  });
  builder.queryField('thing', (t) =>
    t.string({ resolve: async (_, _args, context) => (await things.load(context, '1'))?.id }),
  );
  const bff = defineBff({
    name: 'test',
    subschemas: [defineSubschema({ backend, builder, jobs: [job] })],
  });
  const running = createServer(bff, {
    settings: {},
    backends: { things: fakeBackend({ 'GET /': () => [{ id: '1' }] }) },
    logger: createLogger({ environment: 'production', level: 'silent' }),
    environment: 'development',
    viewer: (request) => {
      const subject = request.headers.get('x-viewer');
      return subject === null ? null : { subject, scopes: [] };
    },
    ...server,
  });
  const { url, adminUrl } = await running.listen();
  onTestFinished(() => running.close());
  return {
    url,
    adminUrl,
    server: running,
    ask: (text: string, viewer?: string) => ask(url, text, viewer),
  };
}

export interface Answer {
  readonly data: Record<string, Record<string, unknown> | null> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: Record<string, unknown>;
  }[];
}

export async function ask(url: string, query: string, viewer = 'ada'): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-viewer': viewer },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}

/** What a subscription to a job tells over Server-Sent Events, until it ends. */
export async function follow(url: string, id: string, viewer = 'ada') {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'x-viewer': viewer,
    },
    body: JSON.stringify({
      query: `subscription { job(id: "${id}") { status progress result error { code message } } }`,
    }),
  });
  const text = await response.text();
  return [...text.matchAll(/^data: ?(\{.*)$/gm)].map(
    ([, data = '']) => (JSON.parse(data) as Answer).data?.['job'] ?? null,
  );
}

/** A mutation that leaves work behind; `rest` has what else its input says. */
export const work = (what: string, rest = ''): string =>
  `mutation { work(input: { what: "${what}" ${rest} }) { id status } }`;

export const jobOf = (id: string): string =>
  `{ job(id: "${id}") { status progress result error { code message } } }`;

/** The id in the answer to `work`. */
export const idOf = ({ data }: Pick<Answer, 'data'>): string => String(data?.['work']?.['id']);
