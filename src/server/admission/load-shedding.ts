import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Limits } from '../../limits.ts';

/** What is kept longest comes first. */
export type Priority = 'mutation' | 'read' | 'prefetch';

/** How many operations this process takes on while it can't keep up. */
export interface LoadShedding {
  /** Whether one more of this priority would be too many now. */
  refuses(priority: Priority): boolean;
  /** Takes one on, or says that it is one too many. */
  takes(priority: Priority): boolean;
  /** Operations a second that are taken on; Infinity while the event loop keeps up. */
  readonly perSecond: number;
  close(): void;
}

export interface LoadSheddingOptions {
  readonly limits: Pick<Limits, 'eventLoopDelayMs' | 'operationsFloorPerSecond'>;
  /** p99 of the event loop's delay since it was last asked, in milliseconds. @default measured by node:perf_hooks */
  readonly delay?: DelayMeter;
  /** Calls back every 200 ms until it is stopped. @default a timer */
  readonly every?: (tick: () => void) => () => void;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

export interface DelayMeter {
  read(): number;
  close(): void;
}

/**
 * Adaptive: while the event loop keeps up there is no limit, and a request pays for one addition.
 * When its delay was too long twice in a row (one long pause of the garbage collector is not load),
 * fewer operations are taken on than were taken on then: a tenth fewer, or down to half when the
 * delay is far too long. Every 200 ms it is a little more while the loop keeps up, and without limit
 * after a second with room to spare.
 *
 * It is a rate, and not how many run at once: what waits for the processor waits in the kernel,
 * where nobody counts it.
 */
export function createLoadShedding(options: LoadSheddingOptions): LoadShedding {
  const { eventLoopDelayMs, operationsFloorPerSecond } = options.limits;
  const delay = options.delay ?? eventLoopMeter();
  const now = options.now ?? (() => performance.now());
  const stop = (options.every ?? everySample)(tick);
  const floor = operationsFloorPerSecond / 1_000;
  let perMs = Number.POSITIVE_INFINITY;
  /** What may be taken on now: refilled by the rate, at most what a fifth of a second brings. */
  let tokens = 0;
  let refilledAt = 0;
  let taken = 0;
  let sampledAt = now();
  let slowInARow = 0;
  let roomyInARow = 0;

  function tick(): void {
    const at = now();
    const used = taken / Math.max(1, at - sampledAt);
    sampledAt = at;
    taken = 0;
    const delayMs = delay.read();
    if (delayMs > eventLoopDelayMs) {
      roomyInARow = 0;
      slowInARow += 1;
      if (slowInARow < 2) return;
      if (perMs === Number.POSITIVE_INFINITY) refilledAt = at;
      const share = Math.min(0.9, Math.max(0.5, eventLoopDelayMs / delayMs));
      perMs = Math.max(floor, Math.min(perMs, used) * share);
      return;
    }
    slowInARow = 0;
    if (perMs === Number.POSITIVE_INFINITY) return;
    roomyInARow = used < perMs / 2 ? roomyInARow + 1 : 0;
    perMs = roomyInARow >= calmSamples ? Number.POSITIVE_INFINITY : perMs * 1.06;
  }

  function refuses(priority: Priority): boolean {
    if (perMs === Number.POSITIVE_INFINITY) return false;
    const at = now();
    const most = perMs * sampleMs;
    tokens = Math.min(most, tokens + (at - refilledAt) * perMs);
    refilledAt = at;
    return tokens < 1 + most * reserveOf[priority];
  }

  return {
    refuses,
    takes(priority) {
      if (refuses(priority)) return false;
      taken += 1;
      tokens -= 1;
      return true;
    },
    get perSecond() {
      return perMs * 1_000;
    },
    close() {
      stop();
      delay.close();
    },
  };
}

/** Which share of what may be taken on at once is left for those before it. */
const reserveOf: Readonly<Record<Priority, number>> = { mutation: 0, read: 0.2, prefetch: 0.6 };

const sampleMs = 200;
const resolutionMs = 20;
const calmSamples = 5;

function eventLoopMeter(): DelayMeter {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    read() {
      const p99Ms = histogram.percentile(99) / 1e6;
      histogram.reset();
      // It measures from one sample to the next.
      return p99Ms - resolutionMs;
    },
    close: () => void histogram.disable(),
  };
}

function everySample(tick: () => void): () => void {
  const timer = setInterval(tick, sampleMs);
  timer.unref();
  return () => clearInterval(timer);
}
