/** What waits for one connection, written together. */
export interface Outbox {
  /**
   * Adds bytes, a character for each. False when no more should come until `resume` runs, which is
   * once the connection takes more.
   */
  add(bytes: string, resume: () => void): boolean;
  /** Writes what waits now, before something else is written. */
  flush(): void;
  /** The connection takes more. */
  drained(): void;
}

/** @param write takes bytes, a character for each; false when the connection takes no more until it is drained */
export type OpenOutbox = (write: (bytes: string) => boolean) => Outbox;

/** Most that waits for one connection here, in bytes; what else there is waits in its source. */
const mostWaiting = 64 * 1024;
/** How long connections are written to before other work has its turn. */
const turnMs = 10;

/**
 * Outboxes that are written in rounds, a turn of the event loop after something came. A call of the
 * system costs more than all else about a small event, so what came for a connection meanwhile goes
 * out in one: under load more events go into each call, and they are late by a round or two over
 * all connections, where a call for each event would let them queue.
 */
export function createOutboxes(): OpenOutbox {
  let waiting: WaitingOutbox[] = [];
  let next = 0;
  const round = (): void => {
    const startedAt = performance.now();
    while (next < waiting.length) {
      waiting[next++]?.turn();
      if (next % 16 === 0 && performance.now() - startedAt > turnMs) break;
    }
    if (next < waiting.length) {
      setImmediate(round);
      return;
    }
    waiting = [];
    next = 0;
  };
  const schedule = (outbox: WaitingOutbox): void => {
    waiting.push(outbox);
    if (waiting.length === 1) setImmediate(round);
  };
  return (write) => new WaitingOutbox(write, schedule);
}

class WaitingOutbox implements Outbox {
  readonly #write: (bytes: string) => boolean;
  readonly #schedule: (outbox: WaitingOutbox) => void;
  #bytes = '';
  #isScheduled = false;
  /** Until the connection has taken what it was given. */
  #isFull = false;
  /** Who wants to add more. */
  #stopped = new Set<() => void>();

  constructor(write: (bytes: string) => boolean, schedule: (outbox: WaitingOutbox) => void) {
    this.#write = write;
    this.#schedule = schedule;
  }

  add(bytes: string, resume: () => void): boolean {
    this.#bytes += bytes;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(this);
    }
    if (this.#bytes.length < mostWaiting && !this.#isFull) return true;
    this.#stopped.add(resume);
    return false;
  }

  flush(): void {
    const bytes = this.#bytes;
    if (bytes === '') return;
    this.#bytes = '';
    if (this.#write(bytes)) this.#resume();
    else this.#isFull = true;
  }

  drained(): void {
    this.#isFull = false;
    if (this.#bytes.length < mostWaiting) this.#resume();
  }

  /** Its turn in the round. */
  turn(): void {
    this.#isScheduled = false;
    this.flush();
  }

  #resume(): void {
    if (this.#stopped.size === 0) return;
    const stopped = this.#stopped;
    this.#stopped = new Set();
    for (const resume of stopped) resume();
  }
}
