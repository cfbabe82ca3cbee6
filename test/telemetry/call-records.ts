import type { BackendCallRecord } from '../../src/backend/backend.ts';
import type { LoadRecord } from '../../src/request.ts';
import { type EndedOperation, Metrics } from '../../src/telemetry/metrics.ts';

export function callRecord(parts: Partial<BackendCallRecord> = {}): BackendCallRecord {
  return {
    backend: 'airports',
    operation: 'GET /airports',
    startedAt: 0,
    durationMs: 4,
    bytes: 100,
    outcome: 'ok',
    attempts: 1,
    endpoint: '127.0.0.1:4101',
    ...parts,
  };
}

export function loadRecord(parts: Partial<LoadRecord> = {}): LoadRecord {
  return {
    batch: { name: 'airportByIata', backend: { name: 'airports' } },
    keys: 0,
    fresh: 0,
    stale: 0,
    stored: 0,
    joined: 0,
    asked: 0,
    insteadOfError: 0,
    ...parts,
  };
}

export function ended(parts: Partial<EndedOperation> = {}): EndedOperation {
  return {
    type: 'query',
    name: 'Airport',
    client: { name: 'web', version: '1.2.0' },
    outcome: 'ok',
    codes: [],
    durationMs: 12,
    calls: [],
    loads: [],
    ...parts,
  };
}

export function emptyMetrics(parts: Partial<ConstructorParameters<typeof Metrics>[0]> = {}) {
  return new Metrics({ bff: 'web', backends: new Map(), connections: () => ({}), ...parts });
}

/** The value of a series in Prometheus' text format; its labels in any order. */
export function valueOf(
  text: string,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:\d]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match || match[1] !== name) continue;
    const has = Object.entries(labels).every(([label, value]) =>
      `,${match[2] ?? ''},`.includes(`,${label}="${value}",`),
    );
    if (has) return Number(match[3]);
  }
  return undefined;
}
