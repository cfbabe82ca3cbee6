import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Limits } from '../../limits.ts';
import { Turns } from './turns.ts';

/** What is kept longest comes first. */
export type Priority = 'mutation' | 'read' | 'prefetch';

/** How many operations this process runs at once while it can't keep up. */
export interface LoadShedding {
  /** Whether a request that arrives is turned away unread; a POST counts as a mutation until it is read. */
  refuses(priority: Priority): boolean;
  /** Takes an operation on until `ended()`, or says that it is one too many. */
  takes(priority: Priority): boolean;
  /** One that was taken on is over. */
  ended(): void;
  /** Resolves when one that was taken on may go on with what it waited for; null when it may at once. */
  turn(): Promise<void> | null;
  /** Operations at once that are taken on; Infinity while the event loop keeps up. */
  readonly atOnce: number;
  close(): void;
}

export interface LoadSheddingOptions {
  readonly limits: Pick<Limits, 'eventLoopDelayMs' | 'operationsFloor'>;
  /** The event loop's delay since it was last asked. @default measured by node:perf_hooks */
  readonly delay?: DelayMeter;
  /** Calls back every 200 ms until it is stopped. @default a timer */
  readonly every?: (tick: () => void) => () => void;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
  /** @default those of the event loop */
  readonly turns?: Pick<Turns, 'next' | 'readMeanWaitMs'>;
}

export interface DelayMeter {
  read(): { readonly turns: number; readonly medianMs: number; readonly p99Ms: number };
  close(): void;
}

/**
 * Adaptive: while this process keeps up there is no limit, and a request pays for one addition.
 * Its delay is the event loop's, or how long answers of backends wait until they are gone on with,
 * whichever is longer. When that was too long twice in a row, and most turns of the loop were long
 * (pauses of the garbage collector and processes beside this one are not load), as much less runs at
 * once as the delay was too long; from then on, whenever it is. Every 200 ms it may be 2% more while
 * the process keeps up, and without limit after a second with room to spare. What is at most
 * `operationsFloor` is never cut.
 *
 * What is refused has to cost next to nothing, or it is what the process does: past a few looks at
 * what a POST is, all of them are turned away unread until the next sample.
 */
export function createLoadShedding(options: LoadSheddingOptions): LoadShedding {
  const { eventLoopDelayMs, operationsFloor } = options.limits;
  const delay = options.delay ?? eventLoopMeter();
  const now = options.now ?? (() => performance.now());
  const turns = options.turns ?? new Turns();
  const stop = (options.every ?? everySample)(tick);
  let limit = Number.POSITIVE_INFINITY;
  let running = 0;
  /** The most at once since the last sample. */
  let most = 0;
  let looks = 0;
  let sampledAt = now();
  let slowInARow = 0;
  let roomyInARow = 0;

  function tick(): void {
    const delayMs = Math.max(standingDelayMs(), turns.readMeanWaitMs());
    const used = most;
    most = running;
    looks = 0;
    if (delayMs > eventLoopDelayMs) {
      roomyInARow = 0;
      slowInARow += 1;
      // A loop that is slow with so little to do is slow for another reason; and what was taken on
      // before the last cut has to end before it can be seen whether that was enough.
      const isNew = limit === Number.POSITIVE_INFINITY && slowInARow < 2;
      if (isNew || used <= operationsFloor || running > limit) return;
      limit = Math.max(operationsFloor, Math.min(limit, used) * (eventLoopDelayMs / delayMs));
      return;
    }
    slowInARow = 0;
    if (limit === Number.POSITIVE_INFINITY) return;
    roomyInARow = used < limit / 2 ? roomyInARow + 1 : 0;
    if (roomyInARow >= calmSamples) limit = Number.POSITIVE_INFINITY;
    else limit *= 1.02;
  }

  /** The loop's delay since the last sample; 0 when only some turns were long. */
  function standingDelayMs(): number {
    const at = now();
    const elapsedMs = Math.max(1, at - sampledAt);
    sampledAt = at;
    const { turns, medianMs, p99Ms } = delay.read();
    // Long turns are too few for a percentile, and the meter misses the first of them.
    if (turns < 3) return elapsedMs / (turns + 1) - resolutionMs;
    return medianMs > eventLoopDelayMs / 4 ? p99Ms : 0;
  }

  const isFull = (priority: Priority): boolean => running >= limit * shareOf[priority];

  return {
    refuses: (priority) =>
      isFull(priority) || (priority === 'mutation' && looks >= mostLooks && isFull('read')),
    takes(priority) {
      if (isFull(priority)) {
        looks += 1;
        return false;
      }
      running += 1;
      if (running > most) most = running;
      return true;
    },
    ended() {
      running -= 1;
    },
    turn: () => turns.next(),
    get atOnce() {
      return limit;
    },
    close() {
      stop();
      delay.close();
    },
  };
}

/** Which share of the limit may be used up before it is kept for those before them. */
const shareOf: Readonly<Record<Priority, number>> = { mutation: 1, read: 0.8, prefetch: 0.4 };

const sampleMs = 200;
const resolutionMs = 20;
const calmSamples = 5;
/** Requests of a sample that are read to find out that they are reads. */
const mostLooks = 20;

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
