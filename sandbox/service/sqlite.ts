import type { DatabaseSync } from 'node:sqlite';

// node:sqlite warns once, when first loaded, that it is experimental. The warning is known and would
// stand on the console of every service and test; other warnings are let through.
const { emitWarning } = process;
process.emitWarning = () => {};
const sqlite = process.getBuiltinModule('node:sqlite');
process.emitWarning = emitWarning;

export function openSqlite(file: string): DatabaseSync {
  return new sqlite.DatabaseSync(file);
}
