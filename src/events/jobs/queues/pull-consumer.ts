import { type BrokerState, reasonOf } from '../../broker-state.ts';
import type { ConsumeOptions, Consumer, QueueMessage } from '../queue.ts';
import { outcomeOf } from './deliver.ts';

/** A message that a broker lends. */
export interface Taken extends QueueMessage {
  done(): Promise<unknown>;
  again(afterMs: number, body: string | undefined): Promise<unknown>;
  /** Asks for more time. */
  hold(): Promise<unknown>;
}

export interface PullConsumerOptions extends ConsumeOptions {
  readonly channel: string;
  /** Hands over at most `room` messages, waiting a while for the first; ends with the signal. */
  readonly take: (
    room: number,
    deliver: (taken: Taken) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** How often messages in hand are held, in milliseconds. */
  readonly holdEveryMs: number;
  readonly state: BrokerState;
  readonly log: (message: string) => void;
}

/** How long a broker that failed is left alone, in milliseconds. */
const pauseMs = 300;

/** Asks a broker for messages as long as there is room for them. */
export class PullConsumer implements Consumer {
  readonly #options: PullConsumerOptions;
  readonly #inHand = new Map<Taken, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #holding: NodeJS.Timeout;
  readonly #loop: Promise<void>;

  constructor(options: PullConsumerOptions) {
    this.#options = options;
    this.#holding = setInterval(() => {
      for (const taken of this.#inHand.keys()) {
        taken.hold().catch((error: unknown) => {
          if (this.#inHand.has(taken))
            options.log(`queue "${options.channel}": ${reasonOf(error)}`);
        });
      }
    }, options.holdEveryMs).unref();
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await Promise.all(this.#inHand.values());
    clearInterval(this.#holding);
  }

  async #run(): Promise<void> {
    const { concurrency, take, state } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const room = concurrency - this.#inHand.size;
      if (room === 0) {
        await Promise.race(this.#inHand.values());
        continue;
      }
      try {
        await take(room, (taken) => this.#inHand.set(taken, this.#deliver(taken)), signal);
        state.back();
      } catch (error) {
        if (signal.aborted) return;
        state.away(error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async #deliver(taken: Taken): Promise<void> {
    const { channel, handle, log } = this.#options;
    const given = { id: taken.id, body: taken.body };
    const outcome = await outcomeOf(given, { handle, queue: channel, log });
    try {
      if (outcome.kind === 'done') await taken.done();
      else await taken.again(outcome.afterMs, outcome.body);
    } catch (error) {
      // It comes again when the broker wants it back.
      this.#options.state.away(error);
    }
    this.#inHand.delete(taken);
  }
}
