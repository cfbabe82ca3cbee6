import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';

/** What a build was made from and what it made, as digests; kept in `dist/build-record.json`. */
export interface BuildRecord {
  readonly source: string;
  readonly built: string;
}

/** The record of the files in this folder, as they are now. */
export function buildRecord(folder: string): BuildRecord {
  return {
    source: digest(folder, ['source/**', '*.{html,json,js,ts}'], 'node_modules/**'),
    built: digest(folder, ['dist/**'], 'dist/build-record.json'),
  };
}

function digest(folder: string, patterns: readonly string[], except: string): string {
  const hash = createHash('sha256');
  const entries = globSync(patterns, { cwd: folder, exclude: [except], withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  for (const path of entries.sort()) {
    const content = readFileSync(path);
    hash.update(`${path.slice(folder.length)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
