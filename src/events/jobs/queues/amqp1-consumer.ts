import type { EventContext, Receiver } from 'rhea';
import { reasonOf } from '../../broker-state.ts';
import type { ConsumeOptions, Consumer, QueueMessage } from '../queue.ts';
import { deliver } from './deliver.ts';

export interface Amqp1ConsumerOptions extends ConsumeOptions {
  readonly channel: string;
  readonly again: (message: QueueMessage, afterMs: number) => Promise<void>;
  readonly log: (message: string) => void;
}

/** Takes messages from one queue, as many at once as it may, and keeps those whose time is to come. */
export class Amqp1Consumer implements Consumer {
  readonly #options: Amqp1ConsumerOptions;
  readonly #inHand = new Set<Promise<void>>();
  readonly #kept = new Set<NodeJS.Timeout>();
  #receiver: Receiver | undefined;
  /** How many more may come than the broker has been told. */
  #room = 0;
  #closed = false;

  constructor(options: Amqp1ConsumerOptions) {
    this.#options = options;
  }

  get channel(): string {
    return this.#options.channel;
  }

  open(receiver: Receiver): void {
    if (this.#closed) return;
    this.#receiver = receiver;
    receiver.on('message', (context: EventContext) => {
      this.#take(context);
      this.#ask();
    });
    // Also when it is opened again on a new connection: what was lent before is not ours any more.
    receiver.on('receiver_open', () => {
      for (const timer of this.#kept) clearTimeout(timer);
      this.#kept.clear();
      this.#room = Math.max(1, this.#options.concurrency - this.#inHand.size);
      this.#ask();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#kept) clearTimeout(timer);
    await Promise.all(this.#inHand);
    this.#receiver?.close();
  }

  /** Tells the broker when nothing is on its way: RabbitMQ 3 forgets what is, and sends too many. */
  #ask(more = 0): void {
    this.#room += more;
    const receiver = this.#receiver as (Receiver & { readonly credit: number }) | undefined; // its types leave it out
    if (this.#closed || this.#room === 0 || !receiver || receiver.credit > 0) return;
    receiver.add_credit(this.#room);
    this.#room = 0;
  }

  #take(context: EventContext): void {
    const { message, delivery } = context;
    if (this.#closed || !message || !delivery) return; // unsettled, it goes back
    const waitMs = Number(message.application_properties?.['dueAt'] ?? 0) - Date.now();
    if (waitMs <= 0) return this.#start(context);
    this.#ask(1); // kept until its time, in the place of none
    const timer = setTimeout(
      () => {
        this.#kept.delete(timer);
        this.#take(context);
      },
      Math.min(waitMs, 2 ** 31 - 1),
    ).unref();
    this.#kept.add(timer);
  }

  #start(context: EventContext): void {
    const { message, delivery } = context;
    const { handle, again, log, channel } = this.#options;
    if (!message || !delivery) return;
    if (this.#inHand.size >= this.#options.concurrency) {
      void Promise.race(this.#inHand).then(() => this.#take(context));
      return;
    }
    const wasKept = message.application_properties?.['dueAt'] !== undefined;
    const given = { id: String(message.message_id ?? ''), body: String(message.body ?? '') };
    const work: Promise<void> = deliver(given, { handle, queue: channel, log }, again)
      .then(
        () => delivery.accept(),
        (error: unknown) => {
          log(`queue "${channel}": ${reasonOf(error)}`);
          delivery.release();
        },
      )
      .catch(() => {}) // its connection is gone, and it comes again on the next
      .finally(() => {
        this.#inHand.delete(work);
        this.#ask(wasKept ? 0 : 1);
      });
    this.#inHand.add(work);
  }
}
