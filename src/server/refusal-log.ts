import type { Logger } from './log.ts';

/** A request that never became an operation. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly status: number;
  /** A sentence of ours, which says nothing of what was sent. */
  readonly reason: string;
}

export interface RefusalLogOptions {
  readonly bff: string;
  readonly logger: Logger;
  /** @default 10 */
  readonly linesPerSecond?: number;
}

export type RefusalLog = (refused: RefusedRequest) => void;

/**
 * Writes one line for each request that was refused before it became an operation, up to so many a
 * second: whoever sends nonsense must not fill the disk. The rest is counted by status, and told in
 * one line when the second is over.
 */
export function createRefusalLog(options: RefusalLogOptions): RefusalLog {
  const { bff, logger, linesPerSecond = 10 } = options;
  let second: { lines: number; readonly more: Record<string, number> } | undefined;

  function end(): void {
    const { more = {} } = second ?? {};
    second = undefined;
    if (Object.keys(more).length > 0) logger.warn({ bff, more }, 'more requests refused');
  }

  return ({ requestId, status, reason }) => {
    if (second === undefined) {
      second = { lines: 0, more: {} };
      setTimeout(end, 1_000).unref();
    }
    if (second.lines < linesPerSecond) {
      second.lines += 1;
      logger.info({ bff, requestId, status, reason }, 'request refused');
    } else second.more[status] = (second.more[status] ?? 0) + 1;
  };
}
