import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface TailcallCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
}

const binary = join(
  import.meta.dirname,
  'node_modules/@tailcallhq/core-linux-x64-gnu/bin/tailcall',
);
const libraries = join(import.meta.dirname, '.cache/glibc/usr/lib/x86_64-linux-gnu');
let runsHere: boolean | undefined;

/**
 * Tailcall's binary wants glibc 2.39. Where the system's is older, it runs through the loader
 * that `get-glibc.js` unpacks beside it.
 */
export function tailcallMissing(): string | undefined {
  if (existsSync(join(libraries, 'ld-linux-x86-64.so.2')) || startsByItself()) return undefined;
  return 'needs a newer glibc than this system has; on Debian: node bench/peers/get-glibc.js';
}

export function tailcallCommand(config: string): TailcallCommand {
  const env = { TAILCALL_TRACKER: 'false', TAILCALL_LOG_LEVEL: 'error', TC_LOG_LEVEL: 'error' };
  if (startsByItself()) return { file: binary, args: ['start', config], env };
  return {
    file: join(libraries, 'ld-linux-x86-64.so.2'),
    args: ['--library-path', libraries, binary, 'start', config],
    env,
  };
}

function startsByItself(): boolean {
  runsHere ??= spawnSync(binary, ['--version'], { timeout: 5_000 }).status === 0;
  return runsHere;
}
