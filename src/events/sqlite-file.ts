import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { BackendError } from '../error.ts';

export interface SqliteFileOptions {
  /** Path of the file, made with its folder when missing; `:memory:` lives as long as the process. */
  readonly path: string;
  /** Tables and indexes, each `IF NOT EXISTS`. */
  readonly schema: string;
  /** Whom errors name. */
  readonly backend: string;
}

/** What a write may do: run statements, kept prepared by their text. */
export interface Statements {
  /** Rows that a statement changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Rows as their statement names its columns. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
}

/**
 * One SQLite file that several processes may write. Writes are durable when their promise resolves
 * (WAL, `synchronous = FULL`); those of one turn of the event loop share a transaction, and so one
 * wait for the disk.
 */
export interface SqliteFile {
  /** Fails: BackendError UPSTREAM_UNAVAILABLE when the file can't be read. */
  read<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  /**
   * Runs `work` in a transaction; when it throws, nothing of it is kept.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE when the file can't be written: a full disk, no rights.
   */
  write<Value>(work: (statements: Statements) => Value): Promise<Value>;
  close(): Promise<void>;
}

/** Opens the file. Fails: Error with the path and the remedy. */
export function openSqliteFile(options: SqliteFileOptions): SqliteFile {
  return new GroupedWrites(options);
}

interface Waiting {
  readonly work: (statements: Statements) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Most writes of one transaction: what waits for the lock meanwhile is let in between. */
const mostWrites = 256;
/** Longest wait for another process's transaction, in milliseconds. */
const lockWaitMs = 2_000;

class GroupedWrites implements SqliteFile {
  readonly #path: string;
  readonly #backend: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  readonly #waiting: Waiting[] = [];
  readonly #statements: Statements;
  #scheduled = false;
  #closed = false;

  constructor({ path, schema, backend }: SqliteFileOptions) {
    this.#path = path;
    this.#backend = backend;
    try {
      if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
      this.#database = new (sqlite().DatabaseSync)(path, { timeout: lockWaitMs });
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      this.#database.exec(schema);
    } catch (error) {
      throw new Error(
        `the file "${path}" of ${backend} can't be opened: ${textOf(error)}; give a path on a local disk that this process may write`,
        { cause: error },
      );
    }
    this.#statements = {
      run: (sql, ...values) => Number(this.#prepare(sql).run(...values).changes),
      all: <Row>(sql: string, ...values: SQLInputValue[]) =>
        this.#prepare(sql).all(...values) as unknown as Row[], // the statement names the columns of Row
    };
  }

  read<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    this.#assertOpen();
    try {
      return this.#statements.all(sql, ...values);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  write<Value>(work: (statements: Statements) => Value): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      this.#assertOpen();
      this.#waiting.push({ work, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  async close(): Promise<void> {
    while (this.#waiting.length > 0) this.#flush();
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  #flush(): void {
    this.#scheduled = false;
    const group = this.#waiting.splice(0, mostWrites);
    if (this.#waiting.length > 0) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    if (group.length === 0) return;
    const settled: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { work, resolve, reject } of group) {
        this.#database.exec('SAVEPOINT own');
        try {
          const value = work(this.#statements);
          settled.push(() => resolve(value as never)); // what `work` gave is what its promise is of
        } catch (error) {
          // A full disk ends the whole transaction, and with it the others' writes.
          if (!this.#database.isTransaction) throw error;
          this.#database.exec('ROLLBACK TO own');
          settled.push(() => reject(this.#failure(error)));
        }
        this.#database.exec('RELEASE own');
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      const failure = this.#failure(error);
      for (const { reject } of group) reject(failure);
      return;
    }
    for (const settle of settled) settle();
  }

  #prepare(sql: string) {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    }
    return statement;
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new BackendError({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: this.#backend,
      message: `the file "${this.#path}" of ${this.#backend} is closed: this process is ending`,
      retryable: true,
    });
  }

  #failure(error: unknown): unknown {
    const code = (error as { readonly errcode?: unknown }).errcode;
    if (typeof code !== 'number') return error;
    return new BackendError({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: this.#backend,
      message: `the file "${this.#path}" of ${this.#backend} ${problems[code & 0xff] ?? 'failed'}: ${textOf(error)}`,
      retryable: true,
      cause: error,
    });
  }
}

/** By SQLite's primary result codes. */
const problems: Readonly<Record<number, string>> = {
  5: `was locked by another process for ${lockWaitMs} ms`,
  8: 'is read-only; give this process the right to write it and its folder',
  10: 'could not be read or written; look at its disk',
  11: 'is damaged; put it aside and start anew',
  13: 'is on a full disk; make room, what was accepted is kept',
};

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sqlite() {
  // node:sqlite warns once, when first loaded, that it is experimental: known, and no news to users.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
