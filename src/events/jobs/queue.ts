/** What travels: an id of the sender's choice, for logs and dedupe, and a text of at most 128 KiB. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}

export interface SendOptions {
  /** How long the message is kept back, in milliseconds; days are fine. @default 0 */
  readonly delayMs?: number;
}

/**
 * What is to become of a delivered message: `done` removes it; `again` delivers it anew after
 * `afterMs`, with another body if one is given (a count of attempts, say).
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number; readonly body?: string };

export interface ConsumeOptions {
  /** Most messages in the hands of this consumer at once. */
  readonly concurrency: number;
  /**
   * Takes one message. It stays this consumer's until the promise settles, however long that is;
   * when the process dies before, another gets it. A rejection delivers it again after a second.
   */
  readonly handle: (message: QueueMessage) => Promise<Outcome>;
}

/** A consumer that runs. `close` takes nothing more and waits for what is in hand. */
export interface Consumer {
  close(): Promise<void>;
}

/**
 * A durable queue with any number of channels, whatever keeps it. At least once: what `send`
 * accepted is delivered until a consumer is done with it, sometimes twice, in no promised order.
 * It connects by itself, again and again when it has to.
 */
export interface Queue {
  /** What keeps it: `sqlite`, `rabbitmq`, … */
  readonly name: string;
  /**
   * Resolves once the message is kept for good (a publisher confirm).
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE within five seconds when it can't be kept now. It may
   * then be kept all the same.
   */
  send(channel: string, message: QueueMessage, options?: SendOptions): Promise<void>;
  consume(channel: string, options: ConsumeOptions): Consumer;
  /** Closes the consumers, then the connection. */
  close(): Promise<void>;
}

export const done: Outcome = { kind: 'done' };

/** Longest wait for a confirm, in milliseconds. */
export const sendTimeoutMs = 5_000;

/** Fails for a name that some broker would not take as a queue's. */
export function assertChannel(channel: string): void {
  if (/^[a-z0-9]([a-zA-Z0-9.-]{0,78}[a-zA-Z0-9])?$/.test(channel)) return;
  throw new Error(
    `the channel "${channel}" of a queue has to be at most 80 letters, digits, dots and dashes, the first of them in lower case`,
  );
}
