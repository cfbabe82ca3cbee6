import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import {
  createServer as createBffServer,
  createSubschemaBuilder,
  defineBff,
  defineJob,
  defineRestBackend,
  defineSubschema,
  followLocation,
  followOperation,
  jobObject,
  type LongRunningOperation,
  type RunningJob,
} from 'tailorbird';
import { z } from 'zod';
import { createLogger } from '../../../src/server/log.ts';
import { ask, follow, startJobServer } from './job-server.ts';

/** A service that makes reports: 202 with where to ask, twice "not yet", then the report. */
async function startReports(answers: readonly [number, object | null][]) {
  const asked: string[] = [];
  let next = 0;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [status, body] = answers[next++]!;
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(request.method === 'POST' && {
        location: 'http://elsewhere.example/operations/7?part=1',
      }),
      ...(status === 202 && { 'retry-after': '0' }),
    });
    response.end(body === null ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function startBff(url: string, read?: Parameters<typeof followLocation>[2]['read']) {
  const reports = defineRestBackend({ name: 'reports', endpoints: url });
  const builder = createSubschemaBuilder();
  const JobRef = jobObject(builder);
  const report = defineJob({
    name: 'report',
    input: z.object({}),
    run: (_, job) =>
      followLocation(reports, job, {
        start: (api) => api.post('/reports', { body: {}, idempotencyKey: job.idempotencyKey }),
        ...(read && { read }),
        everyMs: 10,
      }),
  });
  builder.mutationType({});
  builder.mutationField('report', (t) =>
    t.field({
      type: JobRef,
      nullable: false,
      resolve: (_, _args, context) => report.enqueue(context, {}),
    }),
  );
  const server = createBffServer(
    defineBff({
      name: 'test',
      subschemas: [defineSubschema({ backend: reports, builder, jobs: [report] })],
    }),
    {
      settings: {},
      logger: createLogger({ environment: 'production', level: 'silent' }),
      viewer: () => ({ subject: 'ada', scopes: [] }),
    },
  );
  onTestFinished(() => server.close());
  const { url: bffUrl } = await server.listen();
  const { data } = await ask(bffUrl, 'mutation { report { id } }');
  return follow(bffUrl, String(data?.['report']?.['id']));
}

it('does a job by the work that a backend answers with 202 and a location', async () => {
  const reports = await startReports([
    [202, null],
    [202, null],
    [202, { still: 'busy' }],
    [200, { pages: 12 }],
  ]);
  const told = await startBff(reports.url);
  expect(told.at(-1)).toMatchObject({ status: 'SUCCEEDED', result: { pages: 12 } });
  // Begun once, and asked under the backend's own address.
  const location = 'GET /operations/7?part=1';
  expect(reports.asked).toEqual(['POST /reports', location, location, location]);
});

it('reads how far the work is where its answers say so', async () => {
  const reports = await startReports([
    [202, null],
    [200, { status: 'running', percent: 40 }],
    [200, { status: 'done', file: 'r.pdf' }],
  ]);
  const told = await startBff(reports.url, (body) => {
    const {
      status,
      percent = 0,
      file,
    } = body as { status: string; percent?: number; file?: string };
    return status === 'done'
      ? { isDone: true, result: file }
      : { isDone: false, progress: percent / 100 };
  });
  expect(told.at(-1)).toMatchObject({ status: 'SUCCEEDED', result: 'r.pdf' });
});

it('takes an answer at once for the result', async () => {
  const reports = await startReports([[200, { pages: 1 }]]);
  expect((await startBff(reports.url)).at(-1)).toMatchObject({ result: { pages: 1 } });
  expect(reports.asked).toEqual(['POST /reports']);
});

interface Operation extends LongRunningOperation {
  readonly percent?: number;
  readonly response?: string;
}

async function runOperation(states: readonly Operation[]) {
  const asked: string[] = [];
  const run = (_: unknown, job: RunningJob) => {
    const next = () => states[asked.length - 1]!;
    return followOperation<Operation>(job, {
      backend: 'flights',
      start: async () => {
        asked.push('start');
        return next();
      },
      get: async (name) => {
        asked.push(name);
        return next();
      },
      result: ({ response }) => response,
      progress: ({ percent }) => percent && percent / 100,
      everyMs: 5,
    });
  };
  const { ask, url } = await startJobServer({ run });
  const { data } = await ask('mutation { work(input: { what: "a" }) { id } }');
  const told = await follow(url, String(data?.['work']?.['id']));
  return { asked, last: told.at(-1) };
}

it('does a job by a google.longrunning.Operation', async () => {
  const { asked, last } = await runOperation([
    { name: 'operations/1', done: false },
    { name: 'operations/1', done: false, percent: 50 },
    { name: 'operations/1', done: true, response: 'rebooked' },
  ]);
  expect(last).toMatchObject({ status: 'SUCCEEDED', result: 'rebooked' });
  expect(asked).toEqual(['start', 'operations/1', 'operations/1']);
});

it('fails with the meaning of the operation’s own error', async () => {
  const { last } = await runOperation([
    { name: 'operations/1', done: false },
    { name: 'operations/1', done: true, error: { code: 9, message: 'gate closed' } },
  ]);
  expect(last).toMatchObject({ status: 'FAILED', error: { code: 'CONFLICT' } });
});
