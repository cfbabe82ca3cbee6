import { randomBytes } from 'node:crypto';
import type { SqliteFile } from '../../sqlite-file.ts';

/** Somebody outside who is told of events. Times in milliseconds since 1970. */
export interface WebhookConsumer {
  readonly id: string;
  readonly url: string;
  /** Names of topics. */
  readonly topics: readonly string[];
  readonly description: string;
  readonly createdAt: number;
  /** Null while it is told of events. */
  readonly disabledAt: number | null;
  /** Why it was disabled. */
  readonly note: string | null;
  readonly lastSuccessAt: number | null;
  readonly failuresInRow: number;
  /** Deliveries that are to come. */
  readonly pending: number;
}

export interface NewConsumer {
  readonly url: string;
  readonly topics: readonly string[];
  readonly description: string;
}

/** How long a secret still signs beside its successor, in milliseconds. */
const formerSecretMs = 24 * 3_600_000;

/** Who is told of events, in the file of outgoing webhooks. */
export class Consumers {
  readonly #file: SqliteFile;
  readonly #now: () => number;

  constructor(file: SqliteFile, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /** Oldest first. */
  list(): readonly WebhookConsumer[] {
    return this.#file.read<Row>(`${select} ORDER BY created_at, id`).map(consumerIn);
  }

  get(id: string): WebhookConsumer | null {
    const [row] = this.#file.read<Row>(`${select} WHERE id = ?`, id);
    return row ? consumerIn(row) : null;
  }

  /** Topics that somebody is registered for, disabled or not. */
  topics(): readonly string[] {
    return this.#file
      .read<{ topic: string }>(
        'SELECT DISTINCT value AS topic FROM webhook_consumers, json_each(topics)',
      )
      .map(({ topic }) => topic);
  }

  /** The consumer's id and the secret that its webhooks are signed with, which nobody is told again. */
  async add(consumer: NewConsumer): Promise<{ readonly id: string; readonly secret: string }> {
    const id = `con_${randomBytes(12).toString('hex')}`;
    const secret = newSecret();
    await this.#file.write(({ run }) =>
      run(
        'INSERT INTO webhook_consumers (id, url, topics, description, secret, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        id,
        consumer.url,
        JSON.stringify([...new Set(consumer.topics)]),
        consumer.description,
        secret,
        this.#now(),
      ),
    );
    return { id, secret };
  }

  /** With its log. */
  async remove(id: string): Promise<void> {
    await this.#file.write(({ run }) => run('DELETE FROM webhook_consumers WHERE id = ?', id));
  }

  /** A new secret; for a day the one before signs as well. */
  async rotate(id: string): Promise<string> {
    const secret = newSecret();
    await this.#file.write(({ run }) =>
      run(
        'UPDATE webhook_consumers SET former_secret = secret, former_until = ?, secret = ? WHERE id = ?',
        this.#now() + formerSecretMs,
        secret,
        id,
      ),
    );
    return secret;
  }

  /** What is to come from now on is skipped until it is enabled; `replay` brings it back. */
  async disable(id: string, note: string): Promise<void> {
    await this.#file.write(({ run }) => {
      run(disabling, this.#now(), note, id);
      run(skipping, this.#now(), id);
    });
  }

  async enable(id: string): Promise<void> {
    await this.#file.write(({ run }) =>
      run(
        'UPDATE webhook_consumers SET disabled_at = NULL, note = NULL, failures_in_row = 0 WHERE id = ?',
        id,
      ),
    );
  }

  /** The secrets that sign now, the newest first. */
  secrets(id: string): readonly string[] {
    const [row] = this.#file.read<{ secret: string; former: string | null }>(
      `SELECT secret, CASE WHEN former_until > ? THEN former_secret END AS former
       FROM webhook_consumers WHERE id = ?`,
      this.#now(),
      id,
    );
    return row ? [row.secret, ...(row.former ? [row.former] : [])] : [];
  }
}

/** Takes: now, why, consumer. */
export const disabling =
  'UPDATE webhook_consumers SET disabled_at = ?, note = ? WHERE id = ? AND disabled_at IS NULL';

/** Takes: now, consumer. */
export const skipping =
  "UPDATE webhook_deliveries SET status = 'skipped', due_at = NULL, done_at = ? WHERE consumer = ? AND status = 'pending'";

const select = `SELECT *, (SELECT COUNT(*) FROM webhook_deliveries
  WHERE consumer = webhook_consumers.id AND status = 'pending') AS pending FROM webhook_consumers`;

interface Row {
  readonly id: string;
  readonly url: string;
  readonly topics: string;
  readonly description: string;
  readonly created_at: number;
  readonly disabled_at: number | null;
  readonly note: string | null;
  readonly last_success_at: number | null;
  readonly failures_in_row: number;
  readonly pending: number;
}

function consumerIn(row: Row): WebhookConsumer {
  return {
    id: row.id,
    url: row.url,
    topics: JSON.parse(row.topics) as readonly string[], // as `add` wrote it
    description: row.description,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    note: row.note,
    lastSuccessAt: row.last_success_at,
    failuresInRow: row.failures_in_row,
    pending: row.pending,
  };
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
