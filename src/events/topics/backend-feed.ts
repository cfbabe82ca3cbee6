import { reasonOf } from '../broker-state.ts';

export interface BackendFeedOptions {
  readonly topic: string;
  /** Opens the backend's stream, until the signal aborts. */
  readonly open: (signal: AbortSignal) => AsyncIterable<unknown>;
  readonly publish: (event: unknown) => Promise<unknown>;
  /** The stream began again: what happened meanwhile is not known. */
  readonly gap: () => void;
  readonly log: (message: string) => void;
}

/** Waits between attempts to open a stream, in milliseconds. */
const retryMs = { first: 500, most: 5_000 };

/** Publishes what a backend streams, again and again when the stream ends. */
export class BackendFeed {
  readonly #options: BackendFeedOptions;
  readonly #stopped = new AbortController();
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BackendFeedOptions) {
    this.#options = options;
    this.#read().catch((error: unknown) => this.#again(error));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  async #read(): Promise<void> {
    const { topic, open, publish, gap, log } = this.#options;
    for await (const event of open(this.#stopped.signal)) {
      if (this.#attempt > 0) {
        log(`topic "${topic}" is fed again`);
        gap();
      }
      this.#attempt = 0;
      await publish(event).catch((error: unknown) => log(reasonOf(error)));
    }
    this.#again(new Error('the stream ended'));
  }

  #again(cause: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const { topic, log } = this.#options;
    if (this.#attempt === 0) log(`topic "${topic}" is not fed: ${reasonOf(cause)}`);
    const waitMs = Math.min(retryMs.most, retryMs.first * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => {
      this.#read().catch((reason: unknown) => this.#again(reason));
    }, waitMs).unref();
  }
}
