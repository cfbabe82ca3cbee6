import type { EventsObserver } from '../events/observer.ts';
import { Counters } from './series.ts';

/** Counts what happens to events, jobs and webhooks. */
export class EventMetrics implements EventsObserver {
  readonly #published = new Counters({
    name: 'tailorbird_events_published_total',
    help: 'Events that the broker confirmed.',
    labels: ['topic'],
  });
  readonly #delivered = new Counters({
    name: 'tailorbird_events_delivered_total',
    help: 'Events handed to readers of this process, once for each reader.',
    labels: ['topic'],
  });
  readonly #dropped = new Counters({
    name: 'tailorbird_events_dropped_total',
    help: 'Events that were none of their topic (malformed), and readers closed for being slow.',
    labels: ['topic', 'reason'],
  });
  readonly #gaps = new Counters({
    name: 'tailorbird_event_gaps_total',
    help: 'Times that events may have been missed, and readers were told.',
    labels: ['topic'],
  });
  readonly #redelivered = new Counters({
    name: 'tailorbird_jobs_redelivered_total',
    help: 'Jobs that were tried again.',
    labels: ['job'],
  });
  readonly #deadLettered = new Counters({
    name: 'tailorbird_jobs_dead_lettered_total',
    help: 'Jobs that were given up.',
    labels: ['job'],
  });
  readonly #webhooks = new Counters({
    name: 'tailorbird_webhooks_total',
    help: 'Webhooks received: accepted, duplicate (seen before) or refused.',
    labels: ['source', 'verdict'],
  });

  readonly families = [
    this.#published,
    this.#delivered,
    this.#dropped,
    this.#gaps,
    this.#redelivered,
    this.#deadLettered,
    this.#webhooks,
  ];

  published(topic: string): void {
    this.#published.at(topic).value += 1;
  }

  delivered(topic: string, readers: number): void {
    this.#delivered.at(topic).value += readers;
  }

  dropped(topic: string, why: 'malformed' | 'slow'): void {
    this.#dropped.at(topic, why).value += 1;
  }

  gap(topic: string): void {
    this.#gaps.at(topic).value += 1;
  }

  redelivered(job: string): void {
    this.#redelivered.at(job).value += 1;
  }

  deadLettered(job: string): void {
    this.#deadLettered.at(job).value += 1;
  }

  webhook(source: string, verdict: 'accepted' | 'duplicate' | 'refused'): void {
    this.#webhooks.at(source, verdict).value += 1;
  }
}
