import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { rootDir } from './child.ts';

const settleMs = 150;

/**
 * Calls back once a burst of changes to sources below the folders has settled, until it is disposed
 * of. Each folder is watched by itself: recursively, Node on Linux watches files, and hears no more
 * of one once another took its place, which is how editors and Git save.
 */
export function watchSources(
  folders: readonly string[],
  onChange: (file: string) => void,
  root: string = rootDir,
): Disposable {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;

  function changed(file: string): void {
    if (!isSource(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => onChange(file), settleMs);
  }

  /** And all folders below it; `found` gets the files that are there. */
  function watchFolder(folder: string, found: (file: string) => void): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
    // Watched before it is read, so that no file comes in between.
    const watcher = watched(join(root, folder), (event, name) => {
      const path = join(folder, name);
      changed(path);
      // Has come, has gone, or is another of the same name: then all that is in it is new.
      if (event === 'rename' && !isSource(path)) watchFolder(path, changed);
    });
    if (watcher === null) return;
    watchers.set(folder, watcher);
    for (const entry of entriesOf(join(root, folder))) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) found(path);
      else if (entry.name !== 'node_modules') watchFolder(path, found);
    }
  }

  for (const folder of folders) watchFolder(folder, () => {});
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Null when there is no such folder, or no more. */
function watched(path: string, onEvent: (event: string, name: string) => void): FSWatcher | null {
  try {
    if (!statSync(path).isDirectory()) return null;
    const watcher = watch(path, (event, name) => {
      if (name !== null) onEvent(event, name);
    });
    return watcher.on('error', () => watcher.close());
  } catch (error) {
    return ifGone(error, null);
  }
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    return ifGone(error, []);
  }
}

/** Files come and go while they are looked at. */
function ifGone<Value>(error: unknown, value: Value): Value {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return value;
  throw error;
}

/** Printed schemas are made from the sources; taking them for one would restart twice. */
function isSource(file: string): boolean {
  return /\.(ts|ya?ml|proto|graphql)$/.test(file) && basename(file) !== 'schema.graphql';
}
