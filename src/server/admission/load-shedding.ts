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
  /** The event loop's delay since it was last asked. @default measured by node:perf_hooks */
  readonly delay?: DelayMeter;
  /** Calls back every 200 ms until it is stopped. @default a timer */
  readonly every?: (tick: () => void) => () => void;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

export interface DelayMeter {
  read(): { readonly turns: number; readonly medianMs: number; readonly p99Ms: number };
  close(): void;
}

/**
 * Adaptive: while the event loop keeps up there is no limit, and a request pays for one addition.
 * When its delay was too long twice in a row, and most turns were long (pauses of the garbage
 * collector and processes beside this one are not load),
 * fewer operations are taken on than were taken on then: 15% fewer, or 30% when the delay is far too
 * long. Every 200 ms it is 10% more while the loop keeps up, 4% where it did not last time, and
 * without limit after a second with room to spare.
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
  /** The rate at which it was too much last time. */
  let tooMuch = 0;
  let sampledAt = now();
  let slowInARow = 0;
  let roomyInARow = 0;

  function tick(): void {
    const at = now();
    const elapsedMs = Math.max(1, at - sampledAt);
    const used = taken / elapsedMs;
    sampledAt = at;
    taken = 0;
    const { turns, medianMs, p99Ms } = delay.read();
    // Long turns are too few for a percentile, and the meter misses the first of them.
    const delayMs = turns < 3 ? elapsedMs / (turns + 1) - resolutionMs : p99Ms;
    const isStanding = turns < 3 || medianMs > eventLoopDelayMs / 4;
    if (delayMs > eventLoopDelayMs && isStanding) {
      roomyInARow = 0;
      slowInARow += 1;
      // A loop that is slow with so little to do is slow for another reason.
      if (slowInARow < 2 || used < floor) return;
      if (perMs === Number.POSITIVE_INFINITY) {
        tokens = 0;
        refilledAt = at;
      }
      // Turns that long mean that far more was taken on than could be done.
      const share = delayMs > 4 * eventLoopDelayMs ? 0.7 : 0.85;
      perMs = Math.max(floor, Math.min(perMs, used) * share);
      tooMuch = used;
      slowInARow = 0;
      return;
    }
    slowInARow = 0;
    if (perMs === Number.POSITIVE_INFINITY) return;
    roomyInARow = used < perMs / 2 ? roomyInARow + 1 : 0;
    if (roomyInARow >= calmSamples) perMs = Number.POSITIVE_INFINITY;
    else perMs = perMs * (perMs < tooMuch * 0.9 ? 1.1 : 1.04);
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
      // It measures from one of its samples to the next.
      const late = (percentile: number) => histogram.percentile(percentile) / 1e6 - resolutionMs;
      const delay = { turns: histogram.count, medianMs: late(50), p99Ms: late(99) };
      histogram.reset();
      return delay;
    },
    close: () => void histogram.disable(),
  };
}

function everySample(tick: () => void): () => void {
  const timer = setInterval(tick, sampleMs);
  timer.unref();
  return () => clearInterval(timer);
}
