import type { LiveBackend } from '../backend/backend.ts';
import { env } from '../backend/setting.ts';
import { Malformed, type SettingUse } from '../backend/settings.ts';
import { Metrics } from './metrics.ts';
import { createTracing, type Tracing } from './tracing.ts';

export interface TelemetryOptions {
  /** The bff's name. */
  readonly bff: string;
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** Open connections now, by kind. */
  readonly connections: () => Readonly<Record<string, number>>;
  readonly export: TraceExport;
  readonly logger: { warn(fields: object, message: string): void };
}

/** Where traces go when the process has no OpenTelemetry SDK, and how many. */
export interface TraceExport {
  /** @default nowhere */
  readonly otlpEndpoint?: URL | null;
  /** Share of operations that are traced, 0–1, where the caller does not say. @default 1 */
  readonly sampleShare?: number;
}

/** Metrics and traces of one server. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Null when nobody takes traces. */
  readonly tracing: Tracing | null;
  close(): Promise<void>;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { bff, backends, connections, logger } = options;
  const tracing = createTracing({
    bff,
    ...options.export,
    onFailure: (cause) => logger.warn({ bff, cause }, 'traces are not sent'),
  });
  const metrics = new Metrics({
    bff,
    backends,
    connections,
    droppedSpans: () => tracing?.dropped() ?? 0,
  });
  return {
    metrics,
    tracing,
    async close() {
      metrics.close();
      await tracing?.close();
    },
  };
}

/** OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_TRACES_SAMPLER_ARG, as OpenTelemetry names them. */
export const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    setting: env('OTEL_EXPORTER_OTLP_ENDPOINT', '', 'a URL'),
    purpose: 'where traces are sent as OTLP over HTTP; nowhere when unset',
    example: 'http://127.0.0.1:4318',
    read(text: string): URL | null {
      if (text === '') return null;
      const url = URL.parse(text);
      if (url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return url;
      throw new Malformed('expected a URL with http or https and nothing after the path');
    },
  },
  OTEL_TRACES_SAMPLER_ARG: {
    setting: env('OTEL_TRACES_SAMPLER_ARG', '1', 'a share from 0 to 1'),
    purpose: 'the share of operations that are traced, where the caller does not say',
    example: '0.1',
    read(text: string): number {
      const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (share >= 0 && share <= 1) return share;
      throw new Malformed('expected a number from 0 to 1');
    },
  },
} as const satisfies Record<string, SettingUse<unknown>>;
