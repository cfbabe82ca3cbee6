import { randomUUID } from 'node:crypto';
import type { SqliteFile } from '../../sqlite-file.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Outcome,
  type Queue,
  type QueueMessage,
} from '../queue.ts';
import { outcomeOf } from './deliver.ts';

/** What `createSqliteQueue` needs in its file. */
export const sqliteQueueSchema = `
  CREATE TABLE IF NOT EXISTS messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    holder TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS messages_by_due ON messages (channel, due_at, sequence);
`;

export interface SqliteQueueOptions {
  /** Opened with `sqliteQueueSchema`; closed by its owner. */
  readonly file: SqliteFile;
  /** How often a consumer looks for what others sent, in milliseconds. @default 100 */
  readonly pollMs?: number;
  /** How long a message stays with a consumer that died, in milliseconds. @default 15000 */
  readonly holdMs?: number;
  /** Told of what could not be written. @default nobody */
  readonly log?: (message: string) => void;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** The embedded queue: one SQLite file, any number of processes on one machine. */
export function createSqliteQueue(options: SqliteQueueOptions): Queue {
  const { file, now = Date.now, pollMs = 100, holdMs = 15_000, log = () => {} } = options;
  const consumers = new Set<SqliteConsumer>();
  return {
    name: 'sqlite',
    async send(channel, { id, body }, { delayMs = 0 } = {}) {
      assertChannel(channel);
      await file.write(({ run }) =>
        run(
          'INSERT INTO messages (channel, id, body, due_at) VALUES (?, ?, ?, ?)',
          channel,
          id,
          body,
          Math.ceil(now() + delayMs),
        ),
      );
      if (delayMs > 0) return;
      for (const consumer of consumers) if (consumer.channel === channel) consumer.wake();
    },
    consume(channel, consume) {
      assertChannel(channel);
      const consumer = new SqliteConsumer(channel, consume, { file, now, pollMs, holdMs, log });
      consumers.add(consumer);
      return consumer;
    },
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.close()));
    },
  };
}

interface Held extends QueueMessage {
  readonly sequence: number;
}

class SqliteConsumer implements Consumer {
  readonly channel: string;
  readonly #options: Required<SqliteQueueOptions>;
  readonly #concurrency: number;
  readonly #handle: ConsumeOptions['handle'];
  readonly #holder = randomUUID();
  readonly #held = new Map<number, Promise<void>>();
  readonly #renewal: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #taking: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(
    channel: string,
    { concurrency, handle }: ConsumeOptions,
    options: Required<SqliteQueueOptions>,
  ) {
    this.channel = channel;
    this.#concurrency = concurrency;
    this.#handle = handle;
    this.#options = options;
    this.#renewal = setInterval(() => void this.#renew(), options.holdMs / 3).unref();
    this.wake();
  }

  /** Looks now for what is due. */
  wake(): void {
    if (this.#closed) return;
    if (this.#taking) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#again = false;
    this.#taking = this.#take().then((more) => {
      this.#taking = null;
      if (this.#closed) return;
      if (more || this.#again) this.wake();
      else this.#timer = setTimeout(() => this.wake(), this.#options.pollMs).unref();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#taking;
    await Promise.all(this.#held.values());
    clearInterval(this.#renewal);
  }

  /** Whether there may be more to take at once. */
  async #take(): Promise<boolean> {
    const { file, now, holdMs, log } = this.#options;
    const room = this.#concurrency - this.#held.size;
    if (room <= 0) return false;
    try {
      const due = file.read<object>(
        'SELECT 1 FROM messages WHERE channel = ? AND due_at <= ? LIMIT 1',
        this.channel,
        now(),
      );
      if (due.length === 0) return false;
      const taken = await file.write(({ all }) =>
        all<Held>(
          `UPDATE messages SET due_at = ?, holder = ? WHERE sequence IN (
             SELECT sequence FROM messages WHERE channel = ? AND due_at <= ?
             ORDER BY due_at, sequence LIMIT ?)
           RETURNING sequence, id, body`,
          now() + holdMs,
          this.#holder,
          this.channel,
          now(),
          room,
        ),
      );
      taken.sort((a, b) => a.sequence - b.sequence);
      for (const message of taken) this.#held.set(message.sequence, this.#deliver(message));
      return false;
    } catch (error) {
      log(`queue "${this.channel}": nothing can be taken: ${String(error)}`);
      return false;
    }
  }

  async #deliver(message: Held): Promise<void> {
    const { log } = this.#options;
    const outcome = await outcomeOf(
      { id: message.id, body: message.body },
      { handle: this.#handle, queue: this.channel, log },
    );
    try {
      await this.#settle(message, outcome);
    } catch (error) {
      // It comes again when it is held no longer.
      log(
        `queue "${this.channel}": the message ${message.id} could not be settled: ${String(error)}`,
      );
    }
    this.#held.delete(message.sequence);
    this.wake();
  }

  async #settle({ sequence, body }: Held, outcome: Outcome): Promise<void> {
    const { file, now } = this.#options;
    await file.write(({ run }) =>
      outcome.kind === 'done'
        ? run('DELETE FROM messages WHERE sequence = ? AND holder = ?', sequence, this.#holder)
        : run(
            'UPDATE messages SET due_at = ?, holder = NULL, body = ? WHERE sequence = ? AND holder = ?',
            Math.ceil(now() + outcome.afterMs),
            outcome.body ?? body,
            sequence,
            this.#holder,
          ),
    );
  }

  async #renew(): Promise<void> {
    if (this.#held.size === 0) return;
    const { file, now, holdMs, log } = this.#options;
    const sequences = JSON.stringify([...this.#held.keys()]);
    await file
      .write(({ run }) =>
        run(
          `UPDATE messages SET due_at = ? WHERE holder = ?
             AND sequence IN (SELECT value FROM json_each(?))`,
          now() + holdMs,
          this.#holder,
          sequences,
        ),
      )
      .catch((error: unknown) => log(`queue "${this.channel}": ${String(error)}`));
  }
}
