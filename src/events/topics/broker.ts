import type { EventMessage } from '../cloud-event.ts';

/**
 * Carries messages between instances, by topic. Knows nothing of what they mean. Each adapter
 * connects by itself, again and again when it has to.
 */
export interface Broker {
  /** `redis`, `nats`: names it in errors, logs and cursors. */
  readonly name: string;
  /**
   * Resolves when the broker has taken the message, to be kept as long as its log goes. `key`
   * orders: messages of one key are heard in the order they were published.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE; the message may have been taken all the same.
   */
  publish(topic: string, message: EventMessage, key: string): Promise<void>;
  /**
   * Hears every message from now on; resolves once it does. While the broker is away it waits, and
   * goes on where it was when the broker's log allows it; otherwise says `gap`.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE when there is no broker now; nothing is left behind.
   */
  listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription>;
  /**
   * What came after `cursor` until now, at most `most`; null when the log does not reach back as
   * far, or more than that came.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE.
   */
  replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null>;
  close(): Promise<void>;
}

/** A message, and where the log stands after it. */
export interface Heard extends EventMessage {
  /** Letters, digits, `-` and `.`; null where there is no log. */
  readonly cursor: string | null;
}

export interface BrokerListener {
  heard(message: Heard): void;
  /** Some messages may have been missed. */
  gap(): void;
}

export interface BrokerSubscription {
  /** Hears nothing more; resolves when the broker knows. Never rejects. */
  stop(): Promise<void>;
}

/** What every adapter is made with. */
export interface BrokerOptions {
  /** Where the broker is: a URL, or addresses with commas between them. */
  readonly url: string;
  /** Before every name at the broker. @default 'tailorbird' */
  readonly namespace?: string;
  /** Told once when the broker goes away, and once when it is back. */
  readonly log: (message: string) => void;
}
