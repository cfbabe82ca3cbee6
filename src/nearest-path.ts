import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nearestName } from './nearest-name.ts';

/**
 * The path that was meant by one that is not there: its first name that is missing, in the
 * spelling of its nearest neighbour; null when none is near, or when the rest is not there either.
 */
export function nearestPath(path: string): string | null {
  const [missing, ...below] = missingNames(path);
  if (missing === undefined) return null;
  const folder = dirname(join(path, ...below.map(() => '..')));
  const names = readdirSync(folder);
  // `./bff` is `./bff.ts` more than it is `./bin`.
  const nearest =
    names.find((name) => name.startsWith(`${missing}.`)) ?? nearestName(missing, names);
  if (nearest === null) return null;
  const meant = join(folder, nearest, ...below);
  return existsSync(meant) ? meant : nearestPath(meant);
}

/** The names at the end of a path, from the first that is not there. */
function missingNames(path: string): string[] {
  const names: string[] = [];
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) {
    names.unshift(at.slice(dirname(at).length).replace(/^[\\/]/, ''));
    at = dirname(at);
  }
  return names;
}
