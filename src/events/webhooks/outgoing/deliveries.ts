import type { SqliteFile, Statements } from '../../sqlite-file.ts';
import { disabling, skipping } from './consumers.ts';
import { waitAfter } from './schedule.ts';

/** One event on its way to one consumer. `skipped`: the consumer was disabled. */
export type DeliveryStatus = 'pending' | 'delivered' | 'failed' | 'skipped';
export const deliveryStatuses = ['pending', 'delivered', 'failed', 'skipped'] as const;

/** How one try went. Times in milliseconds, `at` since 1970. */
export interface Attempt {
  readonly at: number;
  readonly ms: number;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Null for success. */
  readonly problem: string | null;
  /** The first of what the consumer answered; null when there was no answer. */
  readonly answer: string | null;
  /** What the consumer asked to be waited, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** A delivery whose turn it is. */
export interface Due {
  readonly seq: number;
  readonly message: string;
  readonly consumer: string;
  readonly url: string;
  readonly body: string;
}

/** A line of a consumer's log. Times in milliseconds since 1970. */
export interface LoggedDelivery {
  readonly seq: number;
  readonly message: string;
  readonly topic: string;
  readonly createdAt: number;
  readonly status: DeliveryStatus;
  readonly dueAt: number | null;
  readonly attempts: readonly Omit<Attempt, 'retryAfterMs'>[];
}

export interface Replay {
  /** Messages made since then, in milliseconds since 1970. @default all that are kept */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** One message alone. */
  readonly message?: string | undefined;
  readonly statuses: readonly DeliveryStatus[];
}

/** How long a try may take before another process takes it over, in milliseconds. */
const leaseMs = 60_000;
const messagesKeptMs = 30 * 24 * 3_600_000;

/** What is to be delivered and how it went, in the file of outgoing webhooks. */
export class Deliveries {
  readonly #file: SqliteFile;
  readonly #now: () => number;

  constructor(file: SqliteFile, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /** A message for everybody who is registered for its topic; the same id adds nothing. */
  record(message: { readonly id: string; readonly topic: string; readonly body: string }) {
    return this.#file.write(({ run }) => {
      const now = this.#now();
      run(
        `INSERT INTO webhook_messages (id, topic, body, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        message.id,
        message.topic,
        message.body,
        now,
      );
      run(
        `INSERT INTO webhook_deliveries (consumer, message, status, due_at)
         SELECT webhook_consumers.id, ?1, CASE WHEN disabled_at IS NULL THEN 'pending' ELSE 'skipped' END,
           CASE WHEN disabled_at IS NULL THEN ?2 END
         FROM webhook_consumers, json_each(topics) WHERE json_each.value = ?3
         ON CONFLICT DO NOTHING`,
        message.id,
        now,
        message.topic,
      );
    });
  }

  /** When the next delivery is due, in milliseconds since 1970; null when none is to come. */
  nextDue(): number | null {
    const [row] = this.#file.read<{ due: number | null }>(
      "SELECT MIN(due_at) AS due FROM webhook_deliveries WHERE status = 'pending'",
    );
    return row?.due ?? null;
  }

  /** Takes what is due, at most so many of each consumer and of all; it is this process's for a minute. */
  take(
    free: (consumer: string, failing: boolean) => number,
    most: number,
  ): Promise<readonly Due[]> {
    const now = this.#now();
    const waiting = this.#file.read<{ consumer: string; failing: number }>(
      `SELECT id AS consumer, failures_in_row AS failing FROM webhook_consumers
       WHERE EXISTS (SELECT 1 FROM webhook_deliveries
         WHERE consumer = webhook_consumers.id AND status = 'pending' AND due_at <= ?)`,
      now,
    );
    const wanted = waiting.filter(({ consumer, failing }) => free(consumer, failing > 0) > 0);
    if (wanted.length === 0 || most <= 0) return Promise.resolve([]);
    return this.#file.write(({ all }) => {
      const taken: Due[] = [];
      for (const { consumer, failing } of wanted) {
        const room = Math.min(free(consumer, failing > 0), most - taken.length);
        if (room <= 0) break;
        taken.push(
          ...all<Due>(
            `UPDATE webhook_deliveries SET due_at = ?1, first_attempt_at = COALESCE(first_attempt_at, ?2)
           WHERE seq IN (SELECT seq FROM webhook_deliveries
             WHERE consumer = ?3 AND status = 'pending' AND due_at <= ?2 ORDER BY due_at, seq LIMIT ?4)
           RETURNING seq, message, consumer,
             (SELECT url FROM webhook_consumers WHERE id = consumer) AS url,
             (SELECT body FROM webhook_messages WHERE id = message) AS body`,
            now + leaseMs,
            now,
            consumer,
            room,
          ),
        );
      }
      return taken;
    });
  }

  /** Notes how a try went, and what comes of it; the note with which the consumer was disabled, or null. */
  settle({ seq, consumer, message }: Due, attempt: Attempt): Promise<string | null> {
    return this.#file.write((statements) => {
      const { run, all } = statements;
      const [delivery] = all<{ attempts: number; first_attempt_at: number }>(
        "UPDATE webhook_deliveries SET attempts = attempts + 1 WHERE seq = ? AND status = 'pending' RETURNING attempts, first_attempt_at",
        seq,
      );
      if (!delivery) return null; // its consumer was removed or disabled meanwhile
      run(
        'INSERT INTO webhook_attempts (delivery, at, ms, status, problem, answer) VALUES (?, ?, ?, ?, ?, ?)',
        seq,
        attempt.at,
        attempt.ms,
        attempt.status,
        attempt.problem,
        attempt.answer,
      );
      if (attempt.problem === null) {
        this.#finish(statements, seq, 'delivered');
        run(
          'UPDATE webhook_consumers SET last_success_at = ?, failures_in_row = 0 WHERE id = ?',
          this.#now(),
          consumer,
        );
        return null;
      }
      run(
        'UPDATE webhook_consumers SET failures_in_row = failures_in_row + 1 WHERE id = ?',
        consumer,
      );
      const isGone = attempt.status === 410;
      const wait = isGone ? null : waitAfter(delivery.attempts, attempt.retryAfterMs);
      if (wait !== null) {
        run('UPDATE webhook_deliveries SET due_at = ? WHERE seq = ?', this.#now() + wait, seq);
        return null;
      }
      this.#finish(statements, seq, 'failed');
      const since = delivery.first_attempt_at;
      const [success] = all<object>(
        'SELECT 1 FROM webhook_consumers WHERE id = ? AND last_success_at >= ?',
        consumer,
        since,
      );
      if (success && !isGone) return null;
      const note = isGone
        ? 'it answered 410: it wants no more webhooks'
        : `nothing was delivered since ${new Date(since).toISOString()}: ${delivery.attempts} tries of ${message} failed, the last with: ${attempt.problem}`;
      run(disabling, this.#now(), note, consumer);
      run(skipping, this.#now(), consumer);
      return note;
    });
  }

  /** Puts kept messages on their way again; how many. */
  replay(consumer: string, { since, until, message, statuses }: Replay): Promise<number> {
    const now = this.#now();
    return this.#file.write(({ run }) =>
      run(
        `UPDATE webhook_deliveries
         SET status = 'pending', attempts = 0, first_attempt_at = NULL, done_at = NULL, due_at = ?
         WHERE consumer = ? AND status <> 'pending' AND status IN (SELECT value FROM json_each(?))
           AND (? IS NULL OR message = ?)
           AND message IN (SELECT id FROM webhook_messages WHERE created_at BETWEEN ? AND ?)`,
        now,
        consumer,
        JSON.stringify(statuses),
        message ?? null,
        message ?? null,
        since ?? 0,
        until ?? now,
      ),
    );
  }

  /** A consumer's deliveries, newest first. */
  log(consumer: string, most: number, before: number | null): readonly LoggedDelivery[] {
    const rows = this.#file.read<Omit<LoggedDelivery, 'attempts'>>(
      `SELECT seq, message, topic, messages.created_at AS createdAt, status, due_at AS dueAt
       FROM webhook_deliveries JOIN webhook_messages AS messages ON messages.id = message
       WHERE consumer = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
      consumer,
      before ?? Number.MAX_SAFE_INTEGER,
      most,
    );
    return rows.map((row) => ({
      ...row,
      attempts: this.#file.read<Omit<Attempt, 'retryAfterMs'>>(
        'SELECT at, ms, status, problem, answer FROM webhook_attempts WHERE delivery = ? ORDER BY at',
        row.seq,
      ),
    }));
  }

  /** Forgets messages of more than thirty days ago that nobody waits for. */
  async purge(): Promise<void> {
    await this.#file.write(({ run }) =>
      run(
        `DELETE FROM webhook_messages WHERE created_at < ? AND NOT EXISTS
           (SELECT 1 FROM webhook_deliveries WHERE message = webhook_messages.id AND status = 'pending')`,
        this.#now() - messagesKeptMs,
      ),
    );
  }

  #finish({ run }: Statements, seq: number, status: DeliveryStatus): void {
    run(
      'UPDATE webhook_deliveries SET status = ?, due_at = NULL, done_at = ? WHERE seq = ?',
      status,
      this.#now(),
      seq,
    );
  }
}
