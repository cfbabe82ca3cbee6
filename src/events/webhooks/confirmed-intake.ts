import type { Genuine, Intake, PublishWebhook, Taken } from './intake.ts';
import type { SeenIds } from './seen-ids.ts';

export interface ConfirmedIntakeOptions {
  /** Closed with it. */
  readonly ids: SeenIds;
  readonly publish: PublishWebhook;
}

/**
 * Webhooks that are acknowledged once the broker has confirmed their event. A process that dies
 * between the two leaves the sender without an answer: it sends again half a minute later or more,
 * and the event has the same id then.
 */
export function createConfirmedIntake({ ids, publish }: ConfirmedIntakeOptions): Intake {
  /** What comes twice at once is asked about once. */
  const underWay = new Map<string, Promise<Taken>>();

  async function accept({ keptMs, ...webhook }: Genuine): Promise<Taken> {
    const { source, id } = webhook;
    const found = await ids.take(source, id);
    if (found !== 'taken') return found === 'done' ? 'duplicate' : 'in-flight';
    try {
      await publish(webhook);
    } catch (error) {
      await ids.release(source, id).catch(() => {});
      throw error;
    }
    await ids.done(source, id, keptMs);
    return 'accepted';
  }

  return {
    async accept(webhook) {
      const key = `${webhook.source}:${webhook.id}`;
      const first = underWay.get(key);
      if (first) return (await first) === 'accepted' ? 'duplicate' : first;
      const accepted = accept(webhook).finally(() => underWay.delete(key));
      underWay.set(key, accepted);
      return accepted;
    },
    async close() {
      await Promise.allSettled(underWay.values());
      await ids.close();
    },
  };
}
