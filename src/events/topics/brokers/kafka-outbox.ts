import type { Message } from 'kafkajs';

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
  /** When its sender stops waiting, by `performance.now()`. */
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Most that goes at once, in bytes: half of what a broker takes by default. */
const batchBytes = 500_000;

/**
 * Sends messages in the order they were given: what comes while a topic's batch is on its way goes
 * with the next one. Nothing is sent twice, since one that was sent again could overtake.
 */
export class KafkaOutbox {
  readonly #send: (topic: string, messages: Message[]) => Promise<unknown>;
  readonly #waitMs: number;
  readonly #waiting = new Map<string, Waiting[]>();

  /** @param waitMs how long a message may wait for its turn, in milliseconds */
  constructor(send: (topic: string, messages: Message[]) => Promise<unknown>, waitMs: number) {
    this.#send = send;
    this.#waitMs = waitMs;
  }

  /** Resolves when the broker has it. Fails with what sending failed with. */
  put(topic: string, message: Message & { readonly value: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(message.value) + 200;
      const until = performance.now() + this.#waitMs;
      const item: Waiting = { message, bytes, until, resolve, reject };
      const waiting = this.#waiting.get(topic);
      if (waiting) {
        waiting.push(item);
        return;
      }
      this.#waiting.set(topic, [item]);
      void this.#empty(topic);
    });
  }

  async #empty(topic: string): Promise<void> {
    const waiting = this.#waiting.get(topic) ?? [];
    while (waiting.length > 0) {
      const batch = nextBatch(waiting);
      if (batch.length === 0) continue; // their senders were told that it took too long
      try {
        await this.#send(
          topic,
          batch.map(({ message }) => message),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#waiting.delete(topic);
  }
}

/** Takes the oldest from those that wait; without those that nobody waits for any more. */
function nextBatch(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const item of waiting) {
    bytes += item.bytes;
    if (count > 0 && bytes > batchBytes) break;
    count += 1;
  }
  const now = performance.now();
  return waiting.splice(0, count).filter(({ until, reject }) => {
    if (until > now) return true;
    reject(new Error('it waited too long for its turn'));
    return false;
  });
}
