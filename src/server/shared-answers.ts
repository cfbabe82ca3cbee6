import type { ExecutionResult } from 'graphql';
import { isTopicEvent } from '../events/topics/topic-reader.ts';
import type { Invalidations } from '../load/invalidations.ts';
import type { MaybePromise } from './composed.ts';
import { EventPayload } from './event-payload.ts';

/** What answering an event came to. */
export interface EventRun {
  /** Its text, or the result when it has errors. */
  readonly answer: string | ExecutionResult;
  /** Whether it would be the same for everybody who asks the same. */
  readonly isForAll: boolean;
}

export interface SharedAnswersOptions {
  /** What is dropped from caches: an answer made before is not for who comes after. */
  readonly invalidations: Pick<Invalidations, 'now'>;
  /** In milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Makes the answer to an event, as long as it is wanted. */
export type RunEvent = (event: unknown, signal: AbortSignal) => MaybePromise<EventRun>;

/**
 * How the events of subscriptions are answered: those who subscribed to the same have one answer to
 * one event, when nothing in it depends on the viewer. Whatever does is made for each viewer alone.
 */
export class SharedAnswers {
  readonly #options: SharedAnswersOptions;
  readonly #groups = new Map<string, AnswerGroup>();

  constructor(options: SharedAnswersOptions) {
    this.#options = options;
  }

  /** Groups of subscribers that are there now. */
  get size(): number {
    return this.#groups.size;
  }

  /** Joins those who subscribed to the same, by what tells it from anything else, until `leave`. */
  join(key: string): AnswerGroup {
    let group = this.#groups.get(key);
    if (!group) {
      group = new AnswerGroup(this.#options, () => this.#groups.delete(key));
      this.#groups.set(key, group);
    }
    group.members += 1;
    return group;
  }
}

/** The answer to one event, once it is there; a promise before. */
interface Made {
  /** Its words for clients; null when it is not for all. */
  shared: MaybePromise<SharedAnswer | null>;
  readonly moment: number;
  readonly madeAt: number;
}

/** Events whose answers are at hand at most, for subscribers that are a little behind. */
const mostMade = 1_000;
/** How long an answer is one of its moment: what it was made of may have changed since. */
const sharedMs = 1_000;

/** Subscribers with one plan, the same variables, language and app; their viewers may differ. */
export class AnswerGroup {
  members = 0;
  readonly #options: SharedAnswersOptions;
  readonly #emptied: () => void;
  readonly #made = new Map<unknown, Made>();
  readonly #left = new AbortController();
  /** Whether the last answer was: the next one is expected to be the same. */
  #isForAll = true;

  constructor(options: SharedAnswersOptions, emptied: () => void) {
    this.#options = options;
    this.#emptied = emptied;
  }

  /** What is being made for the group goes on until the last of it has left. */
  leave(): void {
    this.members -= 1;
    if (this.members > 0) return;
    this.#emptied();
    this.#left.abort();
  }

  /**
   * The answer to an event: at hand, or `run` by the first who asks. Where it turns out to be its
   * viewer's own, everybody else runs their own.
   * Fails: what `run` rejects with, for everyone who waits for it.
   */
  answer(event: unknown, signal: AbortSignal, run: RunEvent): MaybePromise<SharedAnswer> {
    // Of another source's values nobody knows whether one that comes again is the same event.
    if (!this.#isForAll || !isTopicEvent(event)) return this.#alone(event, signal, run);
    const made = this.#at(event);
    if (!made) return this.#first(event, run);
    const { shared } = made;
    if (shared instanceof Promise) {
      return shared.then((landed) => landed ?? this.#alone(event, signal, run));
    }
    return shared ?? this.#alone(event, signal, run);
  }

  #first(event: unknown, run: RunEvent): MaybePromise<SharedAnswer> {
    const { invalidations, now = () => performance.now() } = this.#options;
    const moment = invalidations.now;
    const running = run(event, this.#left.signal);
    if (!(running instanceof Promise)) {
      const answer = this.#landed(running);
      const shared = running.isForAll ? answer : null;
      this.#keep(event, { shared, moment, madeAt: now() });
      return answer;
    }
    const answered = running.then((ran) => ({ ran, answer: this.#landed(ran) }));
    const shared = answered.then(({ ran, answer }) => (ran.isForAll ? answer : null));
    const made: Made = { shared, moment, madeAt: now() };
    this.#keep(event, made);
    shared.then(
      (landed) => {
        made.shared = landed;
      },
      () => this.#made.delete(event), // those who wait hear of it
    );
    return answered.then(({ answer }) => answer);
  }

  #alone(event: unknown, signal: AbortSignal, run: RunEvent): MaybePromise<SharedAnswer> {
    const running = run(event, signal);
    return running instanceof Promise
      ? running.then((ran) => this.#landed(ran))
      : this.#landed(running);
  }

  #landed({ answer, isForAll }: EventRun): SharedAnswer {
    this.#isForAll = isForAll;
    return new SharedAnswer(answer);
  }

  #at(event: unknown): Made | undefined {
    const made = this.#made.get(event);
    if (!made) return undefined;
    const { invalidations, now = () => performance.now() } = this.#options;
    if (made.moment === invalidations.now && now() - made.madeAt < sharedMs) return made;
    this.#made.delete(event);
    return undefined;
  }

  #keep(event: unknown, made: Made): void {
    if (this.members === 1) return;
    this.#made.set(event, made);
    for (const [oldest, { madeAt }] of this.#made) {
      if (this.#made.size <= mostMade && made.madeAt - madeAt < sharedMs) return;
      this.#made.delete(oldest);
    }
  }
}

/** An answer, and the words that it was last told in. */
export class SharedAnswer {
  readonly answer: string | ExecutionResult;
  #payload: EventPayload | undefined;

  constructor(answer: string | ExecutionResult) {
    this.answer = answer;
  }

  /** The words of an answer without errors; nearly all who share it are at the same place. */
  payload(text: string, cursor: string | null): EventPayload {
    if (this.#payload?.cursor !== cursor) this.#payload = new EventPayload(text, cursor);
    return this.#payload;
  }
}
