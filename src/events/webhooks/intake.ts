import { isBackendError } from '../../error.ts';

/** A webhook that was found genuine: what is to be made of it. */
export interface Genuine {
  /** The source's name. */
  readonly source: string;
  /** Unique within the source. */
  readonly id: string;
  /** The event, in JSON, as its topic's schema takes it. */
  readonly event: string;
  /** How long the id is kept, in milliseconds. */
  readonly keptMs: number;
}

/**
 * `accepted`: taken on now. `duplicate`: it was before. `in-flight`: another instance is at it,
 * and it is not known yet how that ends.
 */
export type Taken = 'accepted' | 'duplicate' | 'in-flight';

/** Takes on webhooks so that each has one effect, and none is lost once this resolves. */
export interface Intake {
  /** Fails: BackendError UPSTREAM_UNAVAILABLE when it can't be kept now; the sender may try again. */
  accept(webhook: Genuine): Promise<Taken>;
  close(): Promise<void>;
}

/** Does what its source applies, and puts the event on its topic; resolves when the broker has taken it. */
export type PublishWebhook = (webhook: Omit<Genuine, 'keptMs'>) => Promise<void>;

/**
 * How long ids are kept where signatures cover a time, in milliseconds: 4 days, as long as senders
 * go on trying.
 */
export const keptMs = 4 * 24 * 3_600_000;

/** The same where they cover none, and nothing else ever makes a recorded webhook too old: 90 days. */
export const keptWithoutTimeMs = 90 * 24 * 3_600_000;

/** Whether what failed may go well later. */
export function canPass(error: unknown): boolean {
  return isBackendError(error) && (error.retryable || error.code === 'UPSTREAM_UNAVAILABLE');
}
