import { describe, expect, it } from 'vitest';
import type { ResilienceState } from '../../src/backend/resilience/events.ts';
import { emit } from '../../src/backend/resilience/events.ts';
import { Counters, Histograms, Names } from '../../src/telemetry/series.ts';
import { probedBackend } from '../support/stub-server.ts';
import { callRecord, emptyMetrics, ended, loadRecord, valueOf } from './call-records.ts';

describe('series', () => {
  it('cumulates the buckets of a histogram', () => {
    const family = new Histograms({ name: 'h', help: '', labels: ['of'], bounds: [1, 5] });
    for (const value of [0.5, 1, 3, 99]) family.at('x').observe(value);
    expect(family.samples()).toEqual([
      { metricName: 'h_bucket', labels: { of: 'x', le: 1 }, value: 2 },
      { metricName: 'h_bucket', labels: { of: 'x', le: 5 }, value: 3 },
      { metricName: 'h_bucket', labels: { of: 'x', le: '+Inf' }, value: 4 },
      { metricName: 'h_sum', labels: { of: 'x' }, value: 103.5 },
      { metricName: 'h_count', labels: { of: 'x' }, value: 4 },
    ]);
  });

  it('counts as "other" what it has no room for, and forgets nothing', () => {
    const family = new Counters({ name: 'c', help: '', labels: ['of'], maxSeries: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'a']) family.at(name).value += 1;
    expect(family.samples().map(({ labels, value }) => [labels['of'], value])).toEqual([
      ['a', 2],
      ['b', 1],
      ['other', 2],
    ]);
  });

  it('does not mistake two labels for one', () => {
    const family = new Counters({ name: 'c', help: '', labels: ['a', 'b'] });
    family.at('x', 'yz').value += 1;
    family.at('xy', 'z').value += 1;
    expect(family.samples()).toHaveLength(2);
  });

  it('tells so many names apart and no more', () => {
    const names = new Names(2);
    expect(['a', 'b', 'c', 'a', null].map((name) => names.of(name))).toEqual([
      'a',
      'b',
      'other',
      'a',
      '',
    ]);
  });
});

describe('metrics', () => {
  it('counts operations by who asked and how it went, and what is in flight', async () => {
    const metrics = emptyMetrics();
    metrics.operationStarted();
    metrics.operationStarted();
    metrics.operationEnded(ended({ outcome: 'partial', codes: ['UPSTREAM_TIMEOUT'] }));
    const text = await metrics.text();
    const labels = {
      bff: 'web',
      type: 'query',
      operation: 'Airport',
      client: 'web',
      client_version: '1.2.0',
    };
    expect(valueOf(text, 'tailorbird_operations_total', { ...labels, outcome: 'partial' })).toBe(1);
    expect(valueOf(text, 'tailorbird_operation_errors_total', { code: 'UPSTREAM_TIMEOUT' })).toBe(
      1,
    );
    expect(valueOf(text, 'tailorbird_operation_duration_seconds_bucket', { le: '0.01' })).toBe(0);
    expect(valueOf(text, 'tailorbird_operation_duration_seconds_bucket', { le: '0.025' })).toBe(1);
    expect(valueOf(text, 'tailorbird_operations_in_flight')).toBe(1);
  });

  it('keeps the number of series bounded whatever clients call themselves', async () => {
    const metrics = emptyMetrics();
    for (let index = 0; index < 5_000; index += 1) {
      metrics.operationStarted();
      metrics.operationEnded(
        ended({
          name: `Op${index}`,
          client: { name: `client${index}`, version: `1.0.${index}` },
        }),
      );
    }
    const lines = (await metrics.text()).split('\n');
    const series = lines.filter((line) => line.startsWith('tailorbird_operations_total'));
    expect(series.length).toBeLessThan(300);
    const sum = series.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    expect(sum).toBe(5_000);
  });

  it('gives an operation that was refused no name of its own', async () => {
    const metrics = emptyMetrics();
    metrics.operationEnded(
      ended({ type: null, name: 'x', outcome: 'PERSISTED_ONLY', codes: ['PERSISTED_ONLY'] }),
    );
    const text = await metrics.text();
    expect(
      valueOf(text, 'tailorbird_operations_total', { operation: '', outcome: 'PERSISTED_ONLY' }),
    ).toBe(1);
    expect(valueOf(text, 'tailorbird_refused_total', { reason: 'unregistered' })).toBe(1);
    expect(text).not.toContain('operation="x"');
  });

  it('counts backend calls by outcome and endpoint, with attempts, bytes and keys', async () => {
    const metrics = emptyMetrics();
    const calls = [
      callRecord({ batchSize: 14, attempts: 2 }),
      callRecord({ outcome: 'UPSTREAM_TIMEOUT', bytes: 0 }),
    ];
    metrics.operationEnded(ended({ calls }));
    const text = await metrics.text();
    const at = { backend: 'airports', operation: 'GET /airports' };
    const endpoint = '127.0.0.1:4101';
    expect(
      valueOf(text, 'tailorbird_backend_calls_total', { ...at, endpoint, outcome: 'ok' }),
    ).toBe(1);
    expect(
      valueOf(text, 'tailorbird_backend_calls_total', { ...at, outcome: 'UPSTREAM_TIMEOUT' }),
    ).toBe(1);
    expect(valueOf(text, 'tailorbird_backend_attempts_total', at)).toBe(3);
    expect(valueOf(text, 'tailorbird_backend_received_bytes_total', at)).toBe(100);
    expect(valueOf(text, 'tailorbird_batch_keys_bucket', { ...at, le: '10' })).toBe(0);
    expect(valueOf(text, 'tailorbird_batch_keys_bucket', { ...at, le: '20' })).toBe(1);
  });

  it('counts a call that outlived its operation once it has an outcome', async () => {
    const metrics = emptyMetrics();
    const call = callRecord({ outcome: 'pending' });
    metrics.operationEnded(ended({ calls: [call] }));
    expect(valueOf(await metrics.text(), 'tailorbird_backend_calls_total')).toBeUndefined();
    call.outcome = 'ok';
    expect(valueOf(await metrics.text(), 'tailorbird_backend_calls_total')).toBe(1);
    expect(valueOf(await metrics.text(), 'tailorbird_backend_calls_total')).toBe(1);
  });

  it('says of each key where its value was', async () => {
    const metrics = emptyMetrics();
    metrics.operationEnded(
      ended({ loads: [loadRecord({ keys: 10, fresh: 3, stale: 1, asked: 2 })] }),
    );
    const text = await metrics.text();
    const at = (source: string) =>
      valueOf(text, 'tailorbird_loaded_keys_total', { batch: 'airportByIata', source });
    expect([at('request'), at('memory'), at('memory_stale'), at('backend'), at('shared')]).toEqual([
      4,
      3,
      1,
      2,
      undefined,
    ]);
  });

  it('reads breakers and endpoints when it is scraped', async () => {
    const state = { phase: 'closed' as 'closed' | 'open' };
    const live = probedBackend('airports');
    const backend = {
      ...live,
      transport: { ...live.transport, state: () => stateWith(state.phase) },
    };
    const metrics = emptyMetrics({ backends: new Map([['airports', backend]]) });
    const breaker = async () =>
      valueOf(await metrics.text(), 'tailorbird_breaker_state', { operation: 'GET /airports' });
    expect(await breaker()).toBe(0);
    state.phase = 'open';
    expect(await breaker()).toBe(2);
    const text = await metrics.text();
    expect(valueOf(text, 'tailorbird_endpoint_health', { health: 'ejected' })).toBe(1);
    expect(valueOf(text, 'tailorbird_endpoint_health', { health: 'healthy' })).toBe(0);
    expect(valueOf(text, 'tailorbird_backend_retries_total', { backend: 'airports' })).toBe(7);
    expect(valueOf(text, 'tailorbird_backend_priority')).toBeUndefined();
  });

  it('counts a breaker that opened and closed between two scrapes, of its own backends only', async () => {
    const metrics = emptyMetrics({ backends: new Map([['airports', probedBackend('airports')]]) });
    metrics.open();
    for (const backend of ['airports', 'other']) {
      for (const phase of ['open', 'half-open', 'closed'] as const) {
        emit({ kind: 'breaker', backend, endpoint: 'h:1', operation: 'GET /x', phase });
      }
    }
    const text = await metrics.text();
    metrics.close();
    expect(
      valueOf(text, 'tailorbird_resilience_events_total', {
        backend: 'airports',
        event: 'breaker_open',
      }),
    ).toBe(1);
    expect(text).not.toContain('backend="other"');
  });

  it('knows this process', async () => {
    const metrics = emptyMetrics({ connections: () => ({ http: 3, websocket: 1 }) });
    metrics.open();
    const text = await metrics.text();
    metrics.close();
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(valueOf(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(valueOf(text, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    expect(valueOf(text, 'tailorbird_open_connections', { kind: 'websocket' })).toBe(1);
  });
});

function stateWith(phase: 'closed' | 'open'): ResilienceState {
  return {
    backend: 'airports',
    calls: 10,
    retries: 7,
    retriesRefused: 0,
    staleConnections: 0,
    hedges: 0,
    priority: null,
    endpoints: [
      {
        endpoint: '10.0.0.1:80',
        zone: 'eu',
        priority: 0,
        group: null,
        health: 'ejected',
        attempts: 10,
        inFlight: 0,
        waiting: 0,
        overloaded: 0,
        latencyMs: 4,
        breakers: [{ operation: 'GET /airports', phase }],
      },
    ],
  };
}
