import { type ChildProcess, type ForkOptions, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Limits } from 'tailorbird';
import { loadCore, serverCore } from '../../processes.ts';
import { pause } from '../row.ts';
import type { CrowdOrder, CrowdResult } from './crowd-load.ts';
import { type OperationName, operations } from './operations.ts';
import type { UpstreamOrder } from './upstream.ts';

/** A bff in production profile as a process of its own, and how to talk to it. */
export interface RunningBff {
  readonly url: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  /** Whether it still runs. */
  readonly lives: () => boolean;
  /** Resident memory once what was freed has been collected. */
  readonly residentBytes: () => Promise<number>;
  /** SIGTERM; resolves with its exit code when it has drained. */
  readonly stop: () => Promise<number | null>;
}

export interface BffChanges {
  readonly limits?: Partial<Limits>;
  readonly env?: Readonly<Record<string, string>>;
  /** @default a free one */
  readonly ports?: { readonly port: number; readonly adminPort: number };
}

/** The upstream of the server's rows, and any number of bffs before it. */
export interface House {
  bff(changes?: BffChanges): Promise<RunningBff>;
  slow(ms: number): Promise<void>;
  /** When each call about something came since the last `slow`, in milliseconds since 1970. */
  callsAbout(about: string): Promise<readonly number[]>;
  /** A token of an app for each subject. */
  tokens(subjects: readonly string[]): Promise<readonly string[]>;
  /** Requests of a load that is a process of its own. */
  crowd(order: CrowdOrder): Promise<CrowdResult>;
  /** A Redis of its own, or null where none is installed. */
  redis(): Promise<string | null>;
  /** Ends every process it started. */
  close(): Promise<void>;
}

/** Limits of one address would only be met because all load here comes from one. */
export const oneAddress: Partial<Limits> = {
  addressRequests: 1e9,
  addressRequestsPerSecond: 1e9,
  budgetPoints: 1e9,
  budgetPointsPerSecond: 1e9,
};

/** What names a registered operation in a request. */
export function idOf(name: OperationName): string {
  return createHash('sha256').update(operations[name]).digest('hex');
}

export interface HouseOptions {
  /** Whether bffs have one core, and the upstream and the load the other. @default the system decides */
  readonly apart?: boolean;
}

export async function openHouse({ apart = false }: HouseOptions = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'tailorbird-faults-'));
  const children = new Set<ChildProcess>();
  const started = (child: ChildProcess): ChildProcess => {
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  const startedOn = (core: number, file: string, options: ForkOptions = {}): ChildProcess =>
    started(
      fork(fileURLToPath(new URL(file, import.meta.url)), {
        ...options,
        ...(apart && availableParallelism() > 1 && onCore(core, options.execArgv)),
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
  const upstream = startedOn(loadCore, './upstream.ts');
  const { servicePort, badPort, providerPort } = (await message(upstream)) as Record<
    string,
    number
  >;
  let crowd: ChildProcess | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const order = (what: UpstreamOrder): Promise<unknown> => {
    last = last.then(async () => {
      const answer = message(upstream);
      upstream.send(what);
      return ((await answer) as { done: unknown }).done;
    });
    return last;
  };

  return {
    async bff({ limits = {}, env = {}, ports } = {}) {
      const { port, adminPort } = ports ?? { port: await freePort(), adminPort: await freePort() };
      const child = startedOn(serverCore, './bff.ts', {
        execArgv: ['--expose-gc'],
        env: {
          PATH: process.env['PATH'],
          NODE_ENV: 'production',
          PORT: String(port),
          ADMIN_PORT: String(adminPort),
          ITEMS_URL: `http://127.0.0.1:${servicePort}`,
          PEOPLE_URL: `http://127.0.0.1:${servicePort}`,
          BROKEN_URL: `http://127.0.0.1:${badPort}`,
          OIDC_ISSUER: `http://127.0.0.1:${providerPort}`,
          OIDC_CLIENT_SECRET: 'of the fault table',
          OPERATIONS: join(folder, `operations-${port}`),
          DATA_DIR: join(folder, `data-${port}`),
          LIMITS: JSON.stringify(limits),
          ...env,
        },
      });
      await untilReady(adminPort, child);
      return {
        url: `http://127.0.0.1:${port}/graphql`,
        port,
        adminPort,
        pid: child.pid!,
        lives: () => child.exitCode === null && child.signalCode === null,
        async residentBytes() {
          const answer = message(child);
          child.send('collect');
          return ((await answer) as { residentBytes: number }).residentBytes;
        },
        stop: () => ended(child),
      };
    },
    async slow(ms) {
      await order({ order: 'slow', ms });
    },
    callsAbout: async (about) => (await order({ order: 'tally', about })) as number[],
    tokens: async (subjects) => (await order({ order: 'tokens', subjects })) as string[],
    async crowd(order) {
      crowd ??= startedOn(loadCore, './crowd-load.ts');
      const answer = message(crowd);
      crowd.send(order);
      return (await answer) as CrowdResult;
    },
    async redis() {
      const port = await freePort();
      const child = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
        { stdio: 'ignore' },
      );
      const isThere = await new Promise((resolve) => {
        child.once('spawn', () => resolve(true));
        child.once('error', () => resolve(false));
      });
      if (!isThere) return null;
      started(child);
      await pause(300);
      return `redis://127.0.0.1:${port}`;
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await pause(50);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A row with a house of its own. */
export async function inHouse<Value>(
  run: (house: House) => Promise<Value>,
  options?: HouseOptions,
): Promise<Value> {
  const house = await openHouse(options);
  try {
    return await run(house);
  } finally {
    await house.close();
  }
}

/** How `fork` starts a program that keeps to one core. */
function onCore(core: number, execArgv: readonly string[] = []): ForkOptions {
  const args = ['-c', String(core), process.execPath, ...execArgv];
  return { execPath: 'taskset', execArgv: args };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (sent) => {
      child.off('exit', onExit);
      resolve(sent);
    });
  });
}

async function untilReady(adminPort: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300 && child.exitCode === null; attempt++) {
    try {
      if ((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  throw new Error(`a bff did not start; its exit code is ${child.exitCode}`);
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill('SIGTERM');
  });
}
