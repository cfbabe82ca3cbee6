import { BackendError } from '../../error.ts';
import type { EventPosition } from './event-position.ts';

/** An event of a topic, read once for all readers. */
export interface TopicEvent {
  readonly id: string;
  readonly key: string;
  readonly data: unknown;
  readonly cursor: string | null;
  /** Where who reads it is then, as `placeOf` says it; one text for all. */
  readonly place: string | null;
  /** What it counts for while it waits, in bytes. */
  readonly bytes: number;
}

const told = new WeakSet<object>();

/** Notes that a value is what one event said, and no other. */
export function noteTopicEvent(data: unknown): void {
  if (typeof data === 'object' && data !== null) told.add(data);
}

/** Whether a value is what one event of a topic said, so that whoever has it has the same event. */
export function isTopicEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && told.has(value);
}

export interface TopicReaderOptions {
  readonly topic: string;
  readonly broker: string;
  readonly key: string | undefined;
  readonly filter: ((data: unknown) => boolean) | undefined;
  readonly position: EventPosition | undefined;
  /** Most that may wait to be read, in bytes. */
  readonly backlogBytes: number;
  /** Resolves when events come; rejects when there is no broker. */
  readonly listening: Promise<void>;
  /** Runs once, when it reads nothing more. */
  readonly left: () => void;
  /** Runs when it is given up for being slow. */
  readonly slow: () => void;
}

/** How many of the last events of a log are known again when they are heard after it. */
const overlap = 200;

/** One subscriber's view of a topic: what it has not read yet, within a bound. */
export class TopicReader implements AsyncIterableIterator<unknown> {
  readonly key: string | undefined;
  /** Hears that `take` has something again: an event, the failure or the end. */
  onReady: (() => void) | null = null;
  readonly #options: TopicReaderOptions;
  readonly #queue: TopicEvent[] = [];
  #bytes = 0;
  #waiting: PromiseWithResolvers<IteratorResult<unknown, undefined>> | undefined;
  /** What came while the log was read, until it has been. */
  #held: TopicEvent[] | null = null;
  /** Ids of the log's last events: they may have been on their way to be heard when it was read. */
  #replayed: Set<string> = new Set();
  #isOver = false;
  #failure: unknown;

  constructor(options: TopicReaderOptions) {
    this.#options = options;
    this.key = options.key;
    options.listening.catch((error: unknown) => this.#fail(error));
  }

  /** Keeps what comes from now on until `resume`. */
  hold(): void {
    this.#held = [];
  }

  /** Goes on with what the log had, then with what came meanwhile; null when the log was too short. */
  resume(log: readonly TopicEvent[] | null): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#bytes = 0;
    if (log === null) this.gap();
    const known = new Set(log?.map(({ id }) => id));
    // What the log had is not counted: it came at once, however fast its reader is.
    for (const event of log ?? []) this.#take(event, 0);
    for (const event of held) if (!known.delete(event.id)) this.offer(event);
    this.#replayed = new Set([...known].slice(-overlap));
  }

  offer(event: TopicEvent): void {
    if (this.#isOver) return;
    if (this.#held) {
      this.#held.push(event);
      this.#bytes += event.bytes;
      this.#bound();
      return;
    }
    if (this.#replayed.delete(event.id)) return;
    this.#take(event, event.bytes);
  }

  /** Events may have been missed. */
  gap(): void {
    this.#options.position?.missed();
  }

  /** What is at hand, without a promise: an event or the end; null while there is nothing. Throws as `next` rejects. */
  take(): IteratorResult<unknown, undefined> | null {
    const event = this.#queue.shift();
    if (event) {
      this.#bytes -= event.bytes;
      this.#options.position?.moved(this.#options.topic, event.place);
      return { done: false, value: event.data };
    }
    if (this.#failure !== undefined) throw this.#takeFailure();
    return this.#isOver ? over : null;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const taken = this.take();
    if (taken) return taken;
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#end();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(event: TopicEvent, bytes: number): void {
    const { filter } = this.#options;
    if (this.#isOver || (this.key !== undefined && event.key !== this.key)) return;
    try {
      if (filter && !filter(event.data)) return;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#queue.push(bytes === event.bytes ? event : { ...event, bytes });
    this.#bytes += bytes;
    this.#ready();
    this.#bound();
  }

  #bound(): void {
    if (this.#bytes <= this.#options.backlogBytes) return;
    const { topic, broker, backlogBytes, slow, position } = this.#options;
    slow();
    position?.overrun();
    this.#fail(
      new BackendError({
        code: 'UPSTREAM_OVERLOADED',
        backend: broker,
        message: `topic "${topic}": a reader was closed because more than ${backlogBytes} bytes of events waited for it`,
        retryable: true,
      }),
    );
  }

  /** Lets go who waits. */
  #ready(): void {
    const waiting = this.#waiting;
    if (!waiting) return this.onReady?.();
    this.#waiting = undefined;
    try {
      waiting.resolve(this.take() ?? over);
    } catch (error) {
      waiting.reject(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#failure = error;
    this.#end();
  }

  #takeFailure(): Error {
    const failure = this.#failure as Error; // `#fail` was given one
    this.#failure = undefined;
    return failure;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.length = 0;
    this.#held = null;
    this.#bytes = 0;
    this.#options.left();
    this.#ready();
  }
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };
