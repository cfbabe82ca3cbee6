import type { EventPosition } from '../events/topics/event-position.ts';
import type { EventPayload } from './event-payload.ts';
import type { EventSource } from './event-source.ts';

/** Where a transport takes the events of one subscription. */
export interface EventSink {
  /** Takes one; false when it takes no more until it calls `resume`. Never throws. */
  event(payload: EventPayload): boolean;
  /** Nothing comes any more. */
  end(): void;
}

/** The events of one subscription, for its transport. */
export interface EventFlow {
  /** Lets them flow; once. */
  start(sink: EventSink): void;
  /** The sink takes more. */
  resume(): void;
  /** The client is done with them. */
  close(): void;
}

export interface SubscriptionOptions {
  readonly source: EventSource;
  /** Where its source says that events were missed, and how far it is. */
  readonly position: EventPosition;
  /** Ends it at once: nothing that waits is handed over any more. */
  readonly signal: AbortSignal;
  /** What the client is told of an event. */
  readonly answer: (event: unknown) => EventPayload | Promise<EventPayload>;
  /** What it is told when events were missed. */
  readonly gap: () => EventPayload;
  /** What it is told when the source fails, or an event cannot be answered; it ends with that. */
  readonly failed: (error: unknown) => EventPayload;
  /** Runs once, when it is over. */
  readonly ended: () => void;
}

/**
 * One subscription: takes an event when its sink takes more and the last one is answered, so that
 * they stay in order, and what waits does so in the source, within the source's bound. That events
 * were missed is told as soon as it is known.
 */
export class Subscription implements EventFlow {
  readonly #options: SubscriptionOptions;
  #sink: EventSink | undefined;
  #isFull = false;
  #isAnswering = false;
  #isFlowing = false;
  #isOver = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    const { signal } = options;
    if (signal.aborted) this.close();
    else signal.addEventListener('abort', this.close, { once: true });
  }

  start(sink: EventSink): void {
    if (this.#isOver) return sink.end();
    this.#sink = sink;
    this.#options.position.onMissed(() => this.#flow());
    this.#options.source.onReady = () => this.#flow();
    this.#flow();
  }

  resume(): void {
    this.#isFull = false;
    this.#flow();
  }

  readonly close = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    const { signal, source, ended } = this.#options;
    signal.removeEventListener('abort', this.close);
    source.onReady = null;
    void source.return();
    ended();
    this.#sink?.end();
  };

  /** Hands over what there is, as far as the sink takes it. */
  #flow(): void {
    if (this.#isFlowing) return;
    this.#isFlowing = true;
    const { source, position, answer, gap } = this.#options;
    try {
      while (!this.#isOver && !this.#isFull) {
        if (position.takeGap()) this.#hand(gap());
        else if (this.#isAnswering) return;
        else {
          const taken = source.take();
          if (taken === null) return;
          if (taken.done) return this.close();
          const payload = answer(taken.value);
          if (payload instanceof Promise) this.#await(payload);
          else this.#hand(payload);
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isFlowing = false;
    }
  }

  #await(payload: Promise<EventPayload>): void {
    this.#isAnswering = true;
    payload.then(
      (answered) => {
        this.#isAnswering = false;
        this.#hand(answered);
        this.#flow();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #hand(payload: EventPayload): void {
    if (this.#isOver) return;
    this.#isFull = this.#sink?.event(payload) === false;
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#hand(this.#options.failed(error));
    this.close();
  }
}
