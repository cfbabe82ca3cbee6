import type { SqliteFile } from '../sqlite-file.ts';
import { canPass, type Genuine, type Intake, type PublishWebhook, type Taken } from './intake.ts';

export interface InboxOptions {
  /** With `inboxTables`; closed by its owner, after this. */
  readonly file: SqliteFile;
  readonly publish: PublishWebhook;
  /** Told of events that could not be put on their topic, and are tried again. */
  readonly log: (message: string) => void;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** How long a drain may be at a batch before another takes it over, in milliseconds. */
const leaseMs = 5_000;
const batchSize = 200;
const purgeEveryMs = 3_600_000;

/**
 * Webhooks on disk before they are acknowledged, for a broker that keeps nothing itself. What was
 * accepted is put on its topic at once, and what a crash left behind when the next process starts.
 */
export class Inbox implements Intake {
  readonly #file: SqliteFile;
  readonly #publish: PublishWebhook;
  readonly #log: (message: string) => void;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #draining: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #purgedAt = 0;

  constructor({ file, publish, log, now = Date.now }: InboxOptions) {
    this.#file = file;
    this.#publish = publish;
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => void this.drain(), leaseMs).unref();
    void this.drain();
  }

  async accept({ source, id, event, keptMs }: Genuine): Promise<Taken> {
    const now = this.#now();
    const isNew = await this.#file.write(
      ({ run }) =>
        run(
          `INSERT INTO webhook_inbox (source, id, event, leased_until, kept_until)
           VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`,
          source,
          id,
          event,
          now + keptMs,
        ) === 1,
    );
    if (!isNew) return 'duplicate';
    void this.drain();
    return 'accepted';
  }

  /** Puts what waits on its topics; resolves when nothing does that could be put there now. Never rejects. */
  drain(): Promise<void> {
    this.#again = true;
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#closed) await this.drain();
    this.#closed = true;
  }

  async #drainAll(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        while ((await this.#drainBatch()) === batchSize);
      }
      await this.#purge();
    } catch (error) {
      this.#log(`webhooks wait in the inbox: ${textOf(error)}`);
    }
  }

  /** How many rows it took. */
  async #drainBatch(): Promise<number> {
    const now = this.#now();
    const due = 'done_at IS NULL AND event IS NOT NULL AND leased_until <= ?';
    const waits = this.#file.read(`SELECT 1 FROM webhook_inbox WHERE ${due} LIMIT 1`, now);
    if (waits.length === 0) return 0;
    const rows = await this.#file.write(({ all }) =>
      all<Waiting>(
        `UPDATE webhook_inbox SET leased_until = ? WHERE seq IN
           (SELECT seq FROM webhook_inbox WHERE ${due} ORDER BY seq LIMIT ${batchSize})
         RETURNING seq, source, id, event`,
        now + leaseMs,
        now,
      ),
    );
    const settled: number[] = [];
    const waiting: string[] = [];
    for (const { seq, ...webhook } of rows.toSorted((a, b) => a.seq - b.seq)) {
      // What is left is taken again; another process may have it by then.
      if (this.#now() - now > leaseMs / 2) break;
      try {
        await this.#publish(webhook);
        settled.push(seq);
      } catch (error) {
        const what = `webhook ${webhook.id} of source "${webhook.source}"`;
        if (canPass(error)) {
          waiting.push(`${what} waits in the inbox: ${textOf(error)}`);
        } else {
          settled.push(seq);
          this.#log(`${what} is given up: ${textOf(error)}`);
        }
      }
    }
    const [first] = waiting;
    if (first) this.#log(waiting.length > 1 ? `${first}; and ${waiting.length - 1} more` : first);
    await this.#file.write(({ run }) => {
      for (const seq of settled) {
        run('UPDATE webhook_inbox SET done_at = ?, event = NULL WHERE seq = ?', this.#now(), seq);
      }
    });
    return rows.length;
  }

  async #purge(): Promise<void> {
    const now = this.#now();
    if (now - this.#purgedAt < purgeEveryMs) return;
    this.#purgedAt = now;
    await this.#file.write(({ run }) =>
      run('DELETE FROM webhook_inbox WHERE kept_until < ? AND (done_at > 0 OR event IS NULL)', now),
    );
  }
}

interface Waiting {
  readonly seq: number;
  readonly source: string;
  readonly id: string;
  readonly event: string;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
