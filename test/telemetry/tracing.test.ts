import { ROOT_CONTEXT as rootContext, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { type EndedSpan, OwnTracer } from '../../src/telemetry/own-tracer.ts';
import { OtlpExporter } from '../../src/telemetry/otlp-exporter.ts';
import { readTraceparent, traceparentOf } from '../../src/telemetry/trace-context.ts';
import { createTracing, type StartedOperation } from '../../src/telemetry/tracing.ts';
import { callRecord } from './call-records.ts';
import { attributesOf, startCollector } from './collector.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sampled = `00-${traceId}-00f067aa0ba902b7-01`;

function operation(parts: Partial<StartedOperation> = {}): StartedOperation {
  return {
    requestId: 'r1',
    client: { name: 'web', version: '1.0.0' },
    transport: 'http',
    startedAt: performance.now(),
    traceparent: undefined,
    tracestate: undefined,
    ...parts,
  };
}

describe('traceparent', () => {
  it.each([
    ['an unknown version, with more at its end', `01-${traceId}-00f067aa0ba902b7-01-more`],
    ['version 0', sampled],
  ])('is read: %s', (_, text) => {
    expect(readTraceparent(text)).toMatchObject({ traceId, traceFlags: 1, isRemote: true });
  });

  it.each([
    undefined,
    null,
    '',
    'x',
    `ff-${traceId}-00f067aa0ba902b7-01`,
    `${sampled}-more`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
    ` ${sampled}`,
  ])('is not read: %s', (text) => {
    expect(readTraceparent(text)).toBeNull();
  });

  it('is written as it was read', () => {
    expect(traceparentOf(readTraceparent(sampled)!)).toBe(sampled);
  });
});

describe('tracing', () => {
  const problems: string[] = [];
  const onFailure = (message: string) => void problems.push(message);
  afterEach(() => {
    trace.disable();
    problems.length = 0;
  });

  it('is nothing without an SDK and without an endpoint', () => {
    expect(createTracing({ bff: 'web', onFailure })).toBeNull();
  });

  it('puts operation, execution and calls into the trace of the caller', async () => {
    await using collector = await startCollector();
    const tracing = createTracing({ bff: 'web', otlpEndpoint: collector.url, onFailure })!;
    const traced = tracing.start(operation({ traceparent: sampled, tracestate: 'vendor=1' }));
    traced.admitted('query', 'Airport');
    const call = callRecord({ startedAt: performance.now(), attempts: 2, batchSize: 3 });
    call.attemptedAt = [call.startedAt, call.startedAt + 2];
    const carried = traced.execute(() => traced.traceCall(call));
    const failed = callRecord({
      backend: 'flights',
      operation: 'flights.v1.Flights/GetFlight',
      outcome: 'UPSTREAM_TIMEOUT',
    });
    traced.traceCall(failed);
    traced.end({ 'tailorbird.outcome': 'partial' }, 'UPSTREAM_TIMEOUT');
    await tracing.close();

    const byName = new Map(collector.spans.map((span) => [span.name, span]));
    const server = byName.get('query Airport');
    const execution = byName.get('execute');
    const rest = byName.get('GET /airports');
    const grpc = byName.get('flights.v1.Flights/GetFlight');
    expect(collector.spans).toHaveLength(4);
    expect(server).toMatchObject({
      traceId,
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'vendor=1',
      kind: 2,
      status: { code: 2 },
    });
    expect(execution).toMatchObject({ traceId, parentSpanId: server?.spanId });
    expect(rest).toMatchObject({ parentSpanId: execution?.spanId, kind: 3, status: { code: 0 } });
    expect(rest?.events.map(({ name }) => name)).toEqual(['retry']);
    expect(carried).toBe(`00-${traceId}-${rest?.spanId}-01`);
    expect(attributesOf(rest)).toMatchObject({
      'http.request.method': 'GET',
      'url.template': '/airports',
      'server.address': '127.0.0.1',
      'server.port': '4101',
      'tailorbird.batch.keys': '3',
    });
    expect(attributesOf(grpc)).toMatchObject({
      'rpc.system': 'grpc',
      'rpc.service': 'flights.v1.Flights',
      'rpc.method': 'GetFlight',
      'error.type': 'UPSTREAM_TIMEOUT',
    });
    const lasted = Number(rest?.endTimeUnixNano) - Number(rest?.startTimeUnixNano);
    expect(lasted / 1e6).toBeCloseTo(4, 1);
    expect(Math.abs(Number(rest?.startTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(5_000);
  });

  it('records nothing where the caller decided so, and passes that on', async () => {
    await using collector = await startCollector();
    const tracing = createTracing({ bff: 'web', otlpEndpoint: collector.url, onFailure })!;
    const traced = tracing.start(operation({ traceparent: sampled.replace(/1$/, '0') }));
    expect(traced.traceCall(callRecord())).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    traced.end({}, undefined);
    await tracing.close();
    expect(collector.requests).toBe(0);
  });

  it('records the configured share of the operations that begin a trace', () => {
    const spans: EndedSpan[] = [];
    const shareOf = (sampleShare: number) => {
      const tracer = new OwnTracer({ sampleShare, ended: (span) => spans.push(span) });
      let recorded = 0;
      for (let index = 0; index < 2_000; index += 1) {
        if (tracer.startSpan('x', {}, rootContext).isRecording()) recorded += 1;
      }
      return recorded / 2_000;
    };
    expect(shareOf(0)).toBe(0);
    expect(shareOf(1)).toBe(1);
    expect(Math.abs(shareOf(0.25) - 0.25)).toBeLessThan(0.06);
  });

  it('hands its spans to the SDK that the process was started with', () => {
    const spans: EndedSpan[] = [];
    const tracer = new OwnTracer({ sampleShare: 1, ended: (span) => spans.push(span) });
    trace.setGlobalTracerProvider({ getTracer: () => tracer as never });
    const tracing = createTracing({ bff: 'web', onFailure })!;
    const traced = tracing.start(operation({ traceparent: sampled }));
    traced.admitted('mutation', null);
    traced.end({}, undefined);
    expect(spans.map(({ name, context }) => [name, context.traceId])).toEqual([
      ['mutation', traceId],
    ]);
  });
});

describe('the exporter', () => {
  const span = (name: string): EndedSpan => ({
    context: { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 },
    parentSpanId: undefined,
    name,
    kind: 0,
    startMs: 1,
    endMs: 2,
    attributes: {},
    events: [],
    status: { code: 0 },
  });

  it('keeps a bounded number of spans and counts those it drops', async () => {
    await using collector = await startCollector();
    const exporter = new OtlpExporter({ endpoint: collector.url, service: 'web', onFailure() {} });
    for (let index = 0; index < 3_000; index += 1) exporter.add(span(`s${index}`));
    await exporter.close();
    expect(exporter.dropped).toBe(952);
    expect(collector.spans).toHaveLength(2_048);
    expect(collector.requests).toBe(8);
  });

  it('says once that the collector does not take them, and goes on', async () => {
    await using collector = await startCollector();
    collector.status = 503;
    const problems: string[] = [];
    const exporter = new OtlpExporter({
      endpoint: collector.url,
      service: 'web',
      onFailure: (problem) => problems.push(problem),
    });
    for (let index = 0; index < 600; index += 1) exporter.add(span(`s${index}`));
    await exporter.close();
    expect(problems).toEqual(['the collector answered 503']);
    expect(exporter.dropped).toBe(600);
  });

  it('ends within its bound when nobody listens', async () => {
    const exporter = new OtlpExporter({
      endpoint: new URL('http://127.0.0.1:9'),
      service: 'web',
      onFailure() {},
    });
    exporter.add(span('lost'));
    await exporter.close();
    expect(exporter.dropped).toBe(1);
  });
});
