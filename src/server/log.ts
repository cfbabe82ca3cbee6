import { pino } from 'pino';
import type { Environment } from './mask.ts';

/** Where a server writes. pino has this shape; so may a test's list. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly environment: Environment;
  /** @default 'info' */
  readonly level?: LogLevel;
  /** @default standard output */
  readonly write?: (line: string) => void;
}

/** One JSON object a line in production; one readable line in development. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const readable = options.environment === 'development';
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => write(readable ? readableLine(line) : line) },
  );
}

/** What is known of one operation when it ends. Never variables, tokens or cookies. */
export interface OperationLine {
  readonly bff: string;
  readonly requestId: string;
  /** Present when the operation belongs to a trace. */
  readonly traceId?: string;
  readonly operation: { readonly type: string | null; readonly name: string | null };
  readonly client: { readonly name: string | null; readonly version: string | null };
  readonly transport: string;
  readonly ms: number;
  /** Events or parts sent, when there can be several. */
  readonly parts?: number;
  /** Present when the client left before its answer was there. */
  readonly left?: true;
  /** Its points, once it was admitted. */
  readonly cost?: number;
  /** The limit that its cost is over. */
  readonly over?: string;
  /** Present when the bff has operations on file, and this is none of them. */
  readonly unregistered?: true;
  /** Distinct codes of the answer's errors. */
  readonly errors?: readonly string[];
  readonly calls?: {
    readonly count: number;
    readonly backends: Readonly<Record<string, BackendTotals>>;
  };
  /** Distinct causes, at most four. */
  readonly failures?: readonly Failure[];
}

export interface BackendTotals {
  readonly calls: number;
  readonly ms: number;
  /** How often each outcome other than `ok` happened. */
  readonly outcomes?: Readonly<Record<string, number>>;
}

export interface Failure {
  readonly code: string;
  readonly backend?: string;
  readonly path?: string;
  readonly cause: string;
  readonly stack?: string;
}

interface Line extends Partial<OperationLine> {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [other: string]: unknown;
}

/** `12:00:01 info  web query Airport 12.3 ms · airports 1 in 4 ms · …`, then at most four causes. */
function readableLine(json: string): string {
  const { time, level, msg, bff, requestId, operation, ...rest } = JSON.parse(json) as Line;
  const head = `${time.slice(11, 19)} ${level.padEnd(5)}`;
  if (!operation || !rest.client) {
    const fields = Object.entries({ ...rest, ...(requestId && { requestId }), ...(bff && { bff }) })
      .map(
        ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      .join('');
    return `${head} ${msg}${fields}\n`;
  }
  const name = operation.name ?? '(unnamed)';
  const parts = [`${bff} ${operation.type ?? msg} ${name} ${rest.ms} ms`];
  for (const [backend, totals] of Object.entries(rest.calls?.backends ?? {})) {
    const failed = Object.entries(totals.outcomes ?? {}).map(
      ([code, count]) => ` ${code}×${count}`,
    );
    parts.push(`${backend} ${totals.calls} in ${totals.ms} ms${failed.join('')}`);
  }
  if (rest.parts !== undefined) parts.push(`${rest.parts} parts`);
  if (rest.over) parts.push(`cost ${rest.cost} over ${rest.over}`);
  if (rest.unregistered) parts.push('unregistered');
  if (rest.left) parts.push('client left');
  if (rest.errors) parts.push(rest.errors.join(' '));
  if (rest.client.name) parts.push(`${rest.client.name} ${rest.client.version ?? ''}`.trimEnd());
  parts.push(requestId ?? '');
  if (rest.traceId) parts.push(`trace ${rest.traceId}`);
  const causes = (rest.failures ?? []).map(
    (failure) => `         ${failure.path ?? ''} ${failure.code}: ${oneLine(failure)}\n`,
  );
  return `${head} ${parts.join(' · ')}\n${causes.join('')}`;
}

function oneLine(failure: Failure): string {
  const frame = failure.stack?.split('\n').find((line) => /^\s+at .*(?:\/|\\)/.test(line));
  return failure.cause.replace(/\s+/g, ' ') + (frame ? ` (${frame.trim()})` : '');
}
