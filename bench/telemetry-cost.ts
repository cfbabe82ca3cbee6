/**
 * What metrics and traces cost an operation with two backend calls, in CPU microseconds: the least
 * of nine rounds. `node bench/telemetry-cost.ts`; compare with a request's CPU in `npm run bench`.
 */
import type { BackendCallRecord } from '../src/backend/backend.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { OwnTracer } from '../src/telemetry/own-tracer.ts';
import { OperationTrace } from '../src/telemetry/tracing.ts';

const metrics = new Metrics({ bff: 'bench', backends: new Map(), connections: () => ({}) });
const client = { name: 'web', version: '1.0.0' };
const batch = { name: 'userById', backend: { name: 'users' } };
const calls: BackendCallRecord[] = [
  { backend: 'posts', operation: 'GET /posts' },
  { backend: 'users', operation: 'GET /users', batchSize: 10 },
].map((call) => ({
  ...call,
  startedAt: performance.now(),
  durationMs: 3,
  bytes: 1_000,
  outcome: 'ok',
  attempts: 1,
  endpoint: '127.0.0.1:4101',
}));

function counted(): void {
  metrics.operationStarted();
  metrics.operationEnded({
    type: 'query',
    name: 'Posts',
    client,
    outcome: 'ok',
    codes: [],
    durationMs: 5,
    calls,
    loads: [
      { batch, keys: 100, fresh: 0, stale: 0, stored: 0, joined: 0, asked: 10, insteadOfError: 0 },
    ],
  });
  metrics.answered('made');
  metrics.responseSent(200);
}

function traced(sampleShare: number): () => void {
  const tracer = new OwnTracer({ sampleShare, ended() {} });
  return () => {
    const trace = new OperationTrace(tracer, 'bench', {
      requestId: 'r',
      client,
      transport: 'http',
      startedAt: performance.now(),
      traceparent: undefined,
      tracestate: undefined,
    });
    trace.admitted('query', 'Posts');
    trace.execute(() => {
      for (const call of calls) trace.traceCall(call);
    });
    trace.end({}, undefined);
  };
}

function leastMicroseconds(operation: () => void): number {
  const operations = 100_000;
  const rounds = Array.from({ length: 9 }, () => {
    const before = process.cpuUsage();
    for (let index = 0; index < operations; index += 1) operation();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / operations;
  });
  return Math.min(...rounds);
}

for (const [name, operation] of [
  ['metrics', counted],
  ['a trace that is recorded', traced(1)],
  ['a trace that is not', traced(0)],
] as const) {
  process.stdout.write(`${name}: ${leastMicroseconds(operation).toFixed(2)} µs an operation\n`);
}
