import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { processTree } from './process-usage.ts';

/** The cores of a run: the measured server has one, the load and its upstream share the other. */
export const serverCore = 0;
export const loadCore = 1;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly pid: number;
  /** What it printed so far, at most the last 4,000 characters. */
  output(): string;
  /** Null while it runs. */
  exitCode(): number | null;
  stop(): Promise<void>;
}

/** A program of Node that answers messages. */
export interface Worker extends Running {
  /** Sends one message and waits for the answer; fails when the program ends instead. */
  ask(message: object): Promise<unknown>;
}

const running = new Set<ChildProcess>();

/** Starts a program on one core; it is ended with this process, however that ends. */
export function start(command: Command, core: number): Running {
  return watch(spawnOn(core, command, ['ignore', 'pipe', 'pipe']));
}

/** The same for a program that is asked over IPC, one message at a time. */
export function startWorker(command: Command, core: number): Worker {
  const child = spawnOn(core, command, ['ignore', 'pipe', 'pipe', 'ipc']);
  const program = watch(child);
  return {
    ...program,
    ask: (message) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`${command.args[0]} ended: ${program.output()}`));
        child.once('exit', fail);
        child.once('message', (answer) => {
          child.off('exit', fail);
          resolve(answer);
        });
        child.send(message, (error) => error && reject(error));
      }),
  };
}

function spawnOn(core: number, command: Command, stdio: ('ignore' | 'pipe' | 'ipc')[]) {
  const pinned = availableParallelism() > 1;
  const child = spawn(
    pinned ? 'taskset' : command.file,
    pinned ? ['-c', String(core), command.file, ...command.args] : command.args,
    { env: { ...cleanEnv(), NODE_ENV: 'production', ...command.env }, stdio },
  );
  if (child.pid === undefined)
    throw new Error(`cannot start ${command.file}: is taskset installed?`);
  running.add(child);
  return child;
}

function watch(child: ChildProcess): Running {
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  return {
    pid: child.pid as number, // `spawnOn` saw to it
    output: () => output,
    exitCode: () => child.exitCode,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const tree = processTree(child.pid as number);
      signalAll(tree, 'SIGTERM');
      const late = setTimeout(signalAll, 3_000, tree, 'SIGKILL');
      await ended;
      clearTimeout(late);
    },
  };
}

/** What `command` prints on standard output; fails when it ends otherwise than with 0, or takes longer. */
export async function outputOf(command: Command, core: number, timeoutMs: number): Promise<string> {
  const child = start(command, core);
  const deadline = performance.now() + timeoutMs;
  while (child.exitCode() === null) {
    if (performance.now() > deadline) {
      await child.stop();
      throw new Error(`${command.args[0]} took longer than ${timeoutMs} ms`);
    }
    await sleep(20);
  }
  if (child.exitCode() !== 0) throw new Error(`${command.args[0]} failed: ${child.output()}`);
  return child.output();
}

/** Ends every program of this run at once. */
export function killAll(): void {
  for (const child of running) {
    if (child.pid !== undefined) signalAll(processTree(child.pid), 'SIGKILL');
  }
}

/** A port nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What a program printed in its distress: its first error, or its last words. In one line, without paths of this machine. */
export function shortOutput(output: string): string {
  const root = join(import.meta.dirname, '..');
  const error = /^.*Error\b.*$/m.exec(output)?.[0] ?? output.slice(-300);
  return error.replaceAll(root, '').replace(/\s+/g, ' ').trim().slice(0, 300);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended on its own.
    }
  }
}

/** The environment without what would change how Node runs, or point a server elsewhere. */
function cleanEnv(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
