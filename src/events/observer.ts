/** Hears what happens to events and jobs, for metrics. */
export interface EventsObserver {
  /** The broker confirmed an event. */
  published(topic: string): void;
  /** An event was handed to so many readers of this process. */
  delivered(topic: string, readers: number): void;
  /** An event or a reader was given up: `malformed` what is no event of its topic, `slow` a reader. */
  dropped(topic: string, why: 'malformed' | 'slow'): void;
  /** Events may have been missed, and readers were told. */
  gap(topic: string): void;
  /** A job is tried again. */
  redelivered(job: string): void;
  deadLettered(job: string): void;
  webhook(source: string, verdict: 'accepted' | 'duplicate' | 'refused'): void;
}

export const nobodyObserves: EventsObserver = {
  published() {},
  delivered() {},
  dropped() {},
  gap() {},
  redelivered() {},
  deadLettered() {},
  webhook() {},
};
