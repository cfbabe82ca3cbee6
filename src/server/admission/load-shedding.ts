import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Limits } from '../../limits.ts';

/** What is kept longest comes first. */
export type Priority = 'mutation' | 'read' | 'prefetch';

/** How many operations this process takes on while it can't keep up. */
export interface LoadShedding {
  /** Whether one more of this priority is too many now. */
  refuses(priority: Priority): boolean;
  /** Counts an operation as running; call `left` when it is answered. */
  entered(): void;
  left(): void;
  /** Operations that may run at once; Infinity while the event loop keeps up. */
  readonly limit: number;
  readonly running: number;
  close(): void;
}

export interface LoadSheddingOptions {
  readonly limits: Pick<Limits, 'eventLoopDelayMs' | 'concurrencyFloor'>;
  /** p99 of the event loop's delay since it was last asked, in milliseconds. @default measured by node:perf_hooks */
  readonly delay?: DelayMeter;
  /** Calls back every 200 ms until it is stopped. @default a timer */
  readonly every?: (tick: () => void) => () => void;
}

export interface DelayMeter {
  read(): number;
  close(): void;
}

/**
 * Adaptive: while the event loop keeps up there is no limit, and a request pays for two additions.
 * When its delay was too long twice in a row (one long pause of the garbage collector is not load),
 * as many operations may run as ran then, less a fifth; a tenth more or a fifth less each 200 ms
 * after that, until it has kept up for a second with room to spare.
 */
export function createLoadShedding(options: LoadSheddingOptions): LoadShedding {
  const { eventLoopDelayMs, concurrencyFloor } = options.limits;
  const delay = options.delay ?? eventLoopMeter();
  const stop = (options.every ?? everySample)(tick);
  let limit = Number.POSITIVE_INFINITY;
  let running = 0;
  let mostRunning = 0;
  let slowInARow = 0;
  let idleInARow = 0;

  function tick(): void {
    const isSlow = delay.read() > eventLoopDelayMs;
    const most = mostRunning;
    mostRunning = running;
    slowInARow = isSlow ? slowInARow + 1 : 0;
    if (isSlow) {
      idleInARow = 0;
      if (slowInARow < 2) return;
      limit = Math.max(concurrencyFloor, Math.ceil(Math.min(limit, most) * 0.8));
      return;
    }
    if (limit === Number.POSITIVE_INFINITY) return;
    idleInARow = most < limit / 2 ? idleInARow + 1 : 0;
    limit = idleInARow >= calmSamples ? Number.POSITIVE_INFINITY : Math.ceil(limit * 1.1);
  }

  return {
    refuses: (priority) => running >= limit * shareOf[priority],
    entered() {
      running += 1;
      if (running > mostRunning) mostRunning = running;
    },
    left() {
      running -= 1;
    },
    get limit() {
      return limit;
    },
    get running() {
      return running;
    },
    close() {
      stop();
      delay.close();
    },
  };
}

/** Which share of the limit each may fill. */
const shareOf: Readonly<Record<Priority, number>> = { mutation: 1.25, read: 1, prefetch: 0.5 };

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
