import { reasonOf } from '../../broker-state.ts';
import type { ConsumeOptions, Outcome, QueueMessage } from '../queue.ts';

/** How soon a message comes back whose handler threw, in milliseconds. */
const afterThrowMs = 1_000;

export interface Handling extends Pick<ConsumeOptions, 'handle'> {
  /** For the log: the channel, as its broker names it. */
  readonly queue: string;
  readonly log: (message: string) => void;
}

/** What is to become of one message. Never rejects: one whose handler threw comes again. */
export async function outcomeOf(
  message: QueueMessage,
  { handle, queue, log }: Handling,
): Promise<Outcome> {
  try {
    return await handle(message);
  } catch (error) {
    log(`queue "${queue}": the message ${message.id} comes again: ${reasonOf(error)}`);
    return { kind: 'again', afterMs: afterThrowMs };
  }
}

/**
 * Hands over one message, for brokers where it comes again by being sent again: resolves when its
 * delivery may be confirmed. Rejects when `again` does.
 */
export async function deliver(
  message: QueueMessage,
  handling: Handling,
  again: (message: QueueMessage, afterMs: number) => Promise<void>,
): Promise<void> {
  const outcome = await outcomeOf(message, handling);
  if (outcome.kind === 'done') return;
  await again({ id: message.id, body: outcome.body ?? message.body }, outcome.afterMs);
}
