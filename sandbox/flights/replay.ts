import { setTimeout as sleep } from 'node:timers/promises';

/** A clock that runs through the time of the data again and again, faster than real time. */
export interface ReplayClock {
  /** Seconds of data time since the replay began, over all laps. */
  now(): number;
  /** How long `seconds` of data time take, in real milliseconds. */
  realMs(seconds: number): number;
}

/** A clock that starts now; `speed` 9,000 plays two and a half hours a second. */
export function createReplayClock(speed: number): ReplayClock {
  const startedAt = performance.now();
  return {
    now: () => ((performance.now() - startedAt) / 1_000) * speed,
    realMs: (seconds) => (seconds / speed) * 1_000,
  };
}

/** Something that happens at a time of the data, in seconds from its start. */
interface Timed {
  readonly atSeconds: number;
}

/**
 * The events as the clock reaches them: the latest one at once, then each in turn, lap after lap,
 * until `signal` aborts. `events` are in order of time, at least one, within `lapSeconds`.
 *
 * A reader that is slower than the clock gets every event, later.
 */
export async function* replay<Event extends Timed>(
  events: readonly Event[],
  lapSeconds: number,
  clock: ReplayClock,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const now = clock.now();
  let lap = Math.floor(now / lapSeconds);
  let next = events.findIndex((event) => lap * lapSeconds + event.atSeconds > now);
  if (next < 0) next = events.length;
  const latest = events[next - 1] ?? events.at(-1);
  if (latest) yield latest;

  while (!signal.aborted) {
    const event = events[next];
    if (!event) {
      lap += 1;
      next = 0;
      continue;
    }
    const waitMs = clock.realMs(lap * lapSeconds + event.atSeconds - clock.now());
    try {
      // At least a turn of the event loop, so that a fast clock never starves the other calls.
      await sleep(Math.max(0, waitMs), undefined, { signal });
    } catch {
      return;
    }
    yield event;
    next += 1;
  }
}
