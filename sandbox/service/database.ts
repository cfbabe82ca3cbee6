import { existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openSqlite } from './sqlite.ts';

/** Where the sandbox's source files are. */
export const sourceDir = join(import.meta.dirname, '../data');

/** Where the databases are, unless a service is told otherwise. */
export const defaultDataDir = join(import.meta.dirname, '../../.sandbox');

export interface SeededDatabase {
  /** Folder of the database. */
  readonly dataDir: string;
  /** Name of the database; its file is `<name>.db`. */
  readonly name: string;
  /** Raised when tables or seed change, so that a database of another version is noticed. */
  readonly version: number;
  /** Makes the tables and fills them. Runs once in the life of the file. */
  seed(database: DatabaseSync): void;
}

/**
 * Opens a database that is there completely or not at all: the first start seeds a file beside it
 * and links it into place when it is done, so a start that is killed half way leaves nothing behind
 * that a later one would take for data.
 *
 * Fails when the file is no database, or one of another version; the message says what to delete.
 */
export function openSeeded(options: SeededDatabase): DatabaseSync {
  const file = join(options.dataDir, `${options.name}.db`);
  mkdirSync(options.dataDir, { recursive: true });
  removeAbandoned(options.dataDir, options.name);
  if (!existsSync(file)) seedInto(file, options);

  try {
    const database = openSqlite(file);
    const found = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (found === options.version) {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      return database;
    }
    database.close();
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${messageOf(cause)}; delete it to seed it anew`, {
      cause,
    });
  }
  throw new Error(`${file} was made by another version of the sandbox; delete it to seed it anew`);
}

function seedInto(file: string, { dataDir, name, version, seed }: SeededDatabase): void {
  const draft = join(dataDir, `${name}.seeding-${process.pid}`);
  const database = openSqlite(draft);
  try {
    database.exec('BEGIN');
    seed(database);
    database.exec(`PRAGMA user_version = ${version}; COMMIT`);
    database.close();
    linkSync(draft, file);
  } catch (error) {
    // Two first starts at once: the other one was quicker, and its file is as good.
    if (!existsSync(file)) throw error;
  } finally {
    if (database.isOpen) database.close();
    rmSync(draft, { force: true });
  }
}

/** Removes what killed first starts left; those that still run keep theirs. */
function removeAbandoned(dataDir: string, name: string): void {
  for (const entry of readdirSync(dataDir)) {
    const pid = entry.match(`^${name}\\.seeding-(\\d+)`)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dataDir, entry), { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
