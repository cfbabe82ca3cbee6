import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  /** Module to run, from the repository's root. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gets every line the child prints, on either stream. */
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** A process of our own, in a process group of its own. */
export interface Child {
  /** How it ended, in words: `exit code 1`, `SIGKILL`. Never fails. */
  readonly ended: Promise<string>;
  /** Its last lines, oldest first. */
  lastLines(): readonly string[];
  /** Asks it to end, and makes it end after 3 s. What it started itself ends with it. */
  stop(): Promise<void>;
}

export const rootDir = join(import.meta.dirname, '../..');

const keptLines = 20;
const stopGraceMs = 3_000;

/** Runs a module on the Node that runs us. It ends when we do, whatever ends us. */
export function startChild({ entry, env, onLine }: ChildOptions): Child {
  // Its own group keeps Ctrl-C from reaching it beside us, and lets us end its children with it. The
  // channel is what `exit-with-parent` watches.
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'exit-with-parent.ts'), join(rootDir, entry)],
    { cwd: rootDir, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );

  const lines: string[] = [];
  const read = (stream: 'stdout' | 'stderr') => {
    const input = child[stream];
    if (!input) return;
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      onLine(line, stream);
    });
  };
  read('stdout');
  read('stderr');

  const { pid } = child;
  let exited = pid === undefined;
  child.once('exit', () => {
    exited = true;
    if (pid !== undefined) signalQuietly(-pid, 'SIGKILL');
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // 'close' comes after the last line of output; 'exit' may come before it.
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

  return {
    ended,
    lastLines: () => [...lines],
    async stop() {
      if (pid !== undefined && !exited) {
        signalQuietly(pid, 'SIGTERM');
        const force = setTimeout(() => signalQuietly(-pid, 'SIGKILL'), stopGraceMs);
        void ended.then(() => clearTimeout(force));
      }
      await ended;
    },
  };
}

/** A process that is gone already is as good as one that was ended. */
function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
