import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bff } from '../bff/define-bff.ts';
import type { Example } from './composed.ts';

/** The operations of a bff's newest version, for the explorer's tabs: one a file, named after it. */
export function examplesOf(bff: Bff): Example[] {
  if (bff.operations === null) return [];
  const versions = readdirSync(bff.operations, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d/.test(entry.name))
    .map((entry) => entry.name)
    .sort(new Intl.Collator('en', { numeric: true }).compare);
  const newest = versions.at(-1);
  if (newest === undefined) return [];
  const folder = join(bff.operations, newest);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.graphql'.length),
      source: readFileSync(join(folder, file), 'utf8'),
    }));
}
