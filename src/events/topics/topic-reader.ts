import { BackendError } from '../../error.ts';
import type { EventPosition } from './event-position.ts';

/** An event of a topic, read once for all readers. */
export interface TopicEvent {
  readonly id: string;
  readonly key: string;
  readonly data: unknown;
  readonly cursor: string | null;
  /** What it counts for while it waits, in bytes. */
  readonly bytes: number;
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
      this.#count(event.bytes);
      return;
    }
    if (this.#replayed.delete(event.id)) return;
    this.#take(event, event.bytes);
  }

  /** Events may have been missed. */
  gap(): void {
    this.#options.position?.missed();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const event = this.#queue.shift();
    if (event) {
      this.#bytes -= event.bytes;
      return Promise.resolve(this.#handedOver(event));
    }
    if (this.#failure !== undefined) return Promise.reject(this.#takeFailure());
    if (this.#isOver) return Promise.resolve(over);
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
    if (this.#waiting) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve(this.#handedOver(event));
      return;
    }
    this.#queue.push(bytes === event.bytes ? event : { ...event, bytes });
    this.#count(bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
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

  #handedOver(event: TopicEvent): IteratorResult<unknown, undefined> {
    this.#options.position?.moved(this.#options.topic, event.cursor);
    return { done: false, value: event.data };
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#failure = error;
    const waiting = this.#waiting;
    this.#end();
    if (waiting) waiting.reject(this.#takeFailure());
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
    if (this.#failure === undefined) this.#waiting?.resolve(over);
    this.#waiting = undefined;
    this.#options.left();
  }
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };
