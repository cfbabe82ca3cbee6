import type { SqliteFile, Statements } from '../../sqlite-file.ts';
import { type JobRecord, type JobStore, laneOf } from '../job-store.ts';

/** What `createSqliteJobStore` needs in its file. */
export const sqliteJobStoreSchema = `
  CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    scope TEXT UNIQUE,
    lane TEXT,
    status TEXT NOT NULL,
    is_dead INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS jobs_by_lane ON jobs (lane, sequence)
    WHERE lane IS NOT NULL AND status IN ('queued', 'running');
  CREATE INDEX IF NOT EXISTS jobs_dead ON jobs (sequence) WHERE is_dead = 1;
  CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (due_at) WHERE status = 'queued';
  CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS jobs_sending ON jobs (created_at) WHERE status = 'sending';
  CREATE INDEX IF NOT EXISTS jobs_keyed ON jobs (created_at) WHERE scope IS NOT NULL;
`;

/** Jobs in one SQLite file; its owner closes it. */
export function createSqliteJobStore(file: SqliteFile): JobStore {
  return {
    insert: (record) =>
      file.write((statements) => {
        const taken =
          record.scope === null
            ? undefined
            : one(statements.all<Row>('SELECT record FROM jobs WHERE scope = ?', record.scope));
        if (taken) return taken;
        statements.run(
          `INSERT INTO jobs (id, scope, lane, status, is_dead, due_at, created_at, finished_at, record)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
          record.id,
          record.scope,
          laneOf(record),
          record.status,
          Number(record.isDead),
          record.dueAt,
          record.createdAt,
          record.finishedAt,
          JSON.stringify(record),
        );
        return null;
      }),
    read: async (id) => one(file.read<Row>('SELECT record FROM jobs WHERE id = ?', id)) ?? null,
    change: (id, change) =>
      file.write((statements) => {
        const record = one(statements.all<Row>('SELECT record FROM jobs WHERE id = ?', id));
        const changed = record && change(record);
        if (!changed) return null;
        write(statements, changed);
        return changed;
      }),
    async ahead(record) {
      const [row] = file.read<{ count: number }>(
        `SELECT count(*) AS count FROM jobs WHERE lane = ? AND status IN ('queued', 'running')
         AND sequence < (SELECT sequence FROM jobs WHERE id = ?)`,
        laneOf(record),
        record.id,
      );
      return row?.count ?? 0;
    },
    dead: async (limit, after) =>
      file
        .read<Row>(
          `SELECT record FROM jobs WHERE is_dead = 1
           AND sequence > coalesce((SELECT sequence FROM jobs WHERE id = ?), 0)
           ORDER BY sequence LIMIT ?`,
          after,
          limit,
        )
        .map(recordOf),
    overdue: async (dueBefore, limit) =>
      file
        .read<Row>(
          `SELECT record FROM jobs WHERE status = 'queued' AND due_at < ? ORDER BY due_at LIMIT ?`,
          dueBefore,
          limit,
        )
        .map(recordOf),
    async forget({ finished, dead, keys }) {
      await file.write(({ run }) => {
        run('DELETE FROM jobs WHERE finished_at < ? AND is_dead = 0', finished);
        run('DELETE FROM jobs WHERE finished_at < ? AND is_dead = 1', dead);
        run(`DELETE FROM jobs WHERE status = 'sending' AND created_at < ?`, keys);
        run('UPDATE jobs SET scope = NULL WHERE scope IS NOT NULL AND created_at < ?', keys);
      });
    },
    async close() {},
  };
}

interface Row {
  readonly record: string;
}

function write({ run }: Statements, record: JobRecord): void {
  run(
    `UPDATE jobs SET status = ?, is_dead = ?, due_at = ?, finished_at = ?, record = ? WHERE id = ?`,
    record.status,
    Number(record.isDead),
    record.dueAt,
    record.finishedAt,
    JSON.stringify(record),
    record.id,
  );
}

function recordOf({ record }: Row): JobRecord {
  return JSON.parse(record) as JobRecord; // written by this file alone
}

function one(rows: Row[]): JobRecord | undefined {
  return rows[0] && recordOf(rows[0]);
}
