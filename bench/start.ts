import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { alignTable, median } from './table.ts';
import { residentMb } from './process-usage.ts';
import {
  type Command,
  freePort,
  loadCore,
  type Running,
  serverCore,
  shortOutput,
  sleep,
  start,
} from './processes.ts';

/** One bff's start. */
export interface StartRow {
  readonly bff: string;
  readonly backends: 'up' | 'down';
  /** From the start of the process to its first answer, median of the rounds. */
  readonly firstAnswerMs: number;
  /** Two seconds after that answer. */
  readonly restingMb: number;
}

const root = join(import.meta.dirname, '..');
const bffs = ['bff-web', 'bff-mobile'];
const services = ['airports', 'flights', 'bookings', 'travellers'];
const query = '{ airport(iata: "ATL") { name } }';
const timeoutMs = 30_000;

/** Starts each bff with all backends down, then with all up. */
export async function measureStarts(
  rounds: number,
  note: (line: string) => void,
): Promise<StartRow[]> {
  const rows: StartRow[] = [];
  const present = bffs.filter((name) => existsSync(join(root, name, 'main.ts')));
  if (present.length === 0) return rows;
  for (const backends of ['down', 'up'] as const) {
    const ports = new Map<string, number>();
    for (const service of services) ports.set(service, await freePort());
    const running = backends === 'up' ? await startServices(ports) : [];
    try {
      for (const bff of present) {
        try {
          const row = await startRow(bff, backends, ports, rounds);
          const ms = Math.round(row.firstAnswerMs);
          note(`  ${bff}, backends ${backends}: ${ms} ms, ${Math.round(row.restingMb)} MB`);
          rows.push(row);
        } catch (error) {
          note(`  ${bff}, backends ${backends}: left out, ${String(error)}`);
        }
      }
    } finally {
      await Promise.all(running.map((service) => service.stop()));
    }
  }
  return rows;
}

export function printStarts(rows: readonly StartRow[]): string {
  const cells = [
    ['bff', 'backends', 'first answer ms', 'resting MB'],
    ...rows.map(({ bff, backends, firstAnswerMs, restingMb }) => [
      bff,
      backends,
      firstAnswerMs.toFixed(0),
      restingMb.toFixed(0),
    ]),
  ];
  return [
    '### start: the example, from the start of the process',
    '',
    `Goals: the first answer to \`${query}\` within 3 s, resting under 200 MB.`,
    '',
    ...alignTable(cells),
    '',
  ].join('\n');
}

async function startRow(
  bff: string,
  backends: StartRow['backends'],
  ports: ReadonlyMap<string, number>,
  rounds: number,
): Promise<StartRow> {
  const samples: Awaited<ReturnType<typeof startOnce>>[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await startOnce(bff, ports, backends));
  return {
    bff,
    backends,
    firstAnswerMs: median(samples.map(({ firstAnswerMs }) => firstAnswerMs)),
    restingMb: median(samples.map(({ restingMb }) => restingMb)),
  };
}

async function startOnce(
  bff: string,
  ports: ReadonlyMap<string, number>,
  backends: StartRow['backends'],
): Promise<{ firstAnswerMs: number; restingMb: number }> {
  const port = await freePort();
  const startedAt = performance.now();
  const process = start(bffCommand(bff, port, await freePort(), ports), serverCore);
  try {
    await answered(process, port, backends);
    const firstAnswerMs = performance.now() - startedAt;
    await sleep(2_000);
    return { firstAnswerMs, restingMb: residentMb(process.pid) };
  } finally {
    await process.stop();
  }
}

function bffCommand(
  bff: string,
  port: number,
  adminPort: number,
  ports: ReadonlyMap<string, number>,
): Command {
  const urls = [...ports].map(
    ([service, servicePort]) =>
      [`${service.toUpperCase()}_URL`, `http://127.0.0.1:${servicePort}`] as const,
  );
  return {
    file: process.execPath,
    args: [join(root, bff, 'main.ts')],
    env: {
      ...Object.fromEntries(urls),
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      NODE_ENV: 'development',
    },
  };
}

/** With its backends down, an answer is HTTP 200 with a null and an error. */
async function answered(
  process: Running,
  port: number,
  backends: StartRow['backends'],
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let seen = 'nothing';
  while (performance.now() < deadline && process.exitCode() === null) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
        signal: AbortSignal.timeout(5_000),
      });
      seen = await response.text();
      const answer = JSON.parse(seen) as { data?: { airport: unknown }; errors?: unknown };
      const right = backends === 'up' ? answer.data?.airport : answer.data && answer.errors;
      if (response.status === 200 && right) return;
    } catch {
      await sleep(10);
    }
  }
  throw new Error(
    `no right answer; the last was ${seen.slice(0, 200)} ${shortOutput(process.output())}`,
  );
}

async function startServices(ports: ReadonlyMap<string, number>): Promise<Running[]> {
  const running = [...ports].map(([service, port]) =>
    start(
      {
        file: process.execPath,
        args: [join(root, 'sandbox', service, 'main.ts')],
        env: { PORT: String(port) },
      },
      loadCore,
    ),
  );
  await Promise.all([...ports.values()].map(listening));
  return running;
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await sleep(50);
  }
}
