import type { SqliteFile } from '../sqlite-file.ts';

/** Which webhooks came before, where a broker keeps the events themselves. */
export interface SeenIds {
  /**
   * `taken`: it is the caller's, who says `done` or `release` within half a minute. `done`: it came
   * before. `held`: another caller has it now.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE.
   */
  take(source: string, id: string): Promise<'taken' | 'done' | 'held'>;
  /** Kept from now on, for so many milliseconds. */
  done(source: string, id: string, keptMs: number): Promise<void>;
  /** As if it had never come. */
  release(source: string, id: string): Promise<void>;
  close(): Promise<void>;
}

/** How long a webhook may be on its way to the broker, in milliseconds. */
export const holdMs = 30_000;
const purgeEveryMs = 3_600_000;

/** Ids in a file, for the processes of one machine. `file` has `inboxTables` and stays its owner's. */
export function createSqliteIds(file: SqliteFile, now: () => number = Date.now): SeenIds {
  let purgedAt = 0;
  return {
    take(source, id) {
      const at = now();
      return file.write(({ run, all }) => {
        if (at - purgedAt > purgeEveryMs) {
          purgedAt = at;
          run('DELETE FROM webhook_inbox WHERE kept_until < ? AND event IS NULL', at);
        }
        const isTaken = run(
          `INSERT INTO webhook_inbox (source, id, leased_until, kept_until) VALUES (?1, ?2, ?3, ?3)
           ON CONFLICT DO UPDATE SET leased_until = ?3, kept_until = ?3
           WHERE done_at IS NULL AND leased_until <= ?4`,
          source,
          id,
          at + holdMs,
          at,
        );
        if (isTaken === 1) return 'taken';
        const [row] = all<{ done_at: number | null }>(
          'SELECT done_at FROM webhook_inbox WHERE source = ? AND id = ?',
          source,
          id,
        );
        return row?.done_at ? 'done' : 'held';
      });
    },
    async done(source, id, keptMs) {
      const at = now();
      await file.write(({ run }) =>
        run(
          'UPDATE webhook_inbox SET done_at = ?, event = NULL, kept_until = ? WHERE source = ? AND id = ?',
          at,
          at + keptMs,
          source,
          id,
        ),
      );
    },
    async release(source, id) {
      await file.write(({ run }) =>
        run(
          'DELETE FROM webhook_inbox WHERE source = ? AND id = ? AND done_at IS NULL',
          source,
          id,
        ),
      );
    },
    close: () => Promise.resolve(),
  };
}
