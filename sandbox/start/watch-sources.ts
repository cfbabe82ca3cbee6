import { existsSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { rootDir } from './child.ts';

const settleMs = 150;

/** Calls back once a burst of changes to sources below the folders has settled. */
export function watchSources(folders: readonly string[], onChange: (file: string) => void): void {
  let timer: NodeJS.Timeout | undefined;
  for (const folder of folders) {
    const path = join(rootDir, folder);
    if (!existsSync(path)) continue;
    watch(path, { recursive: true }, (_event, file) => {
      if (file === null || !isSource(file)) return;
      clearTimeout(timer);
      timer = setTimeout(() => onChange(join(folder, file)), settleMs);
    });
  }
}

/** Printed schemas are made from the sources; taking them for one would restart twice. */
function isSource(file: string): boolean {
  return /\.(ts|ya?ml|proto|graphql)$/.test(file) && basename(file) !== 'schema.graphql';
}
