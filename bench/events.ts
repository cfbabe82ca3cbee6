/**
 * Subscribers on one topic: how late events are with many sockets, and what subscribing and
 * leaving leaves behind. `node bench/events.ts [sockets] [events/s] [seconds] [cycles] [ws|sse]`,
 * by default 2,000 sockets at 50 events/s for 30 s and 20,000 cycles over WebSockets. Where `taskset`
 * is there, the server has one core and the subscribers have another; NATS_URL or another broker's
 * variable puts that broker in between.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ReadersOrder } from './events/readers.ts';
import type { Seen } from './events/reader.ts';
import { loadCore, serverCore, sleep } from './processes.ts';

const [sockets = 2_000, perSecond = 50, seconds = 30, cycles = 20_000] = process.argv
  .slice(2, 6)
  .map(Number);
const transport = process.argv[6] ?? 'ws';

interface Report {
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  readonly cpu: { readonly user: number; readonly system: number };
  /** How long it has been at work, in milliseconds, whether it was given a core or had to wait for one. */
  readonly active: number;
  readonly readers: number;
  readonly subscriptions: number;
}

const query = 'subscription { ticked { id sentAt } }';
/** How long nothing may arrive before the rest is called lost. */
const patienceMs = 5_000;

const isPinned = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
const server = started('./events/server.ts', serverCore, ['--expose-gc']);
const readers = started('./events/readers.ts', loadCore);
const [{ url }] = (await once(server, 'message')) as [{ url: string }];

const idle = await order({});
await tell({ open: sockets, url, query, transport });
let report = await order({});
while (report.readers < sockets) report = await order({});
console.log(
  `${sockets} sockets (${transport}) read one topic over ${report.subscriptions} broker subscription`,
);

// Compiled and warm before it counts.
await publish(perSecond, 3);
const before = await order({});
const { seen, tookMs } = await publish(perSecond, seconds);
const after = await order({});
const expected = sockets * perSecond * seconds;
seen.late.sort((left, right) => left - right);
const at = (share: number) =>
  seen.late[Math.min(seen.late.length - 1, Math.floor(seen.late.length * share))];
const cpuMs = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1_000;
console.log(
  `${seen.events} of ${expected} deliveries at ${perSecond} events/s${isPinned ? ', server on one core' : ''}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${seen.late.at(-1)} ms, of ${seen.late.length} looked at`,
);
const given = cpuMs / (after.active - before.active);
console.log(
  `server: ${Math.round((cpuMs / tookMs) * 100)}% of a core (given ${Math.round(Math.min(1, given) * 100)}% of one when it had work), ${((cpuMs * 1_000) / seen.events).toFixed(1)} µs a delivery; ${mib(idle.memory.rss)} MiB before, ${mib(after.memory.rss)} MiB after (heap ${mib(before.memory.heapUsed)} → ${mib(after.memory.heapUsed)} MiB)`,
);

readers.send({ leave: true } satisfies ReadersOrder);
report = await order({});
while (report.readers > 0) report = await order({});

const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
await once(socket, 'open');
socket.send('{"type":"connection_init"}');
await once(socket, 'message');
const memory: number[] = [];
for (let cycle = 0; cycle < cycles; cycle += 1) {
  const id = String(cycle);
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }));
  socket.send(JSON.stringify({ id, type: 'complete' }));
  if (cycle % 40 === 39) await sleep(1);
  if (cycle % Math.ceil(cycles / 4) === 0) memory.push((await order({})).memory.heapUsed);
}
socket.close();
report = await order({});
for (let wait = 0; (report.readers > 0 || report.subscriptions > 0) && wait < 100; wait += 1) {
  await sleep(50);
  report = await order({});
}
memory.push(report.memory.heapUsed);
console.log(
  `${cycles} subscribed and left: heap ${memory.map(mib).join(' → ')} MiB; ${report.readers} readers and ${report.subscriptions} broker subscriptions are left`,
);
server.disconnect();
readers.disconnect();

/** Publishes for so long, and waits until all of it has arrived, or nothing more does. */
async function publish(
  rate: number,
  forSeconds: number,
): Promise<{ readonly seen: Seen; readonly tookMs: number }> {
  await tell<Seen>({ report: true });
  const startedAt = performance.now();
  const wanted = sockets * rate * forSeconds;
  const seen = { events: 0, late: [] as number[] };
  await order({ perSecond: rate, events: rate * forSeconds });
  let lastAt = performance.now();
  while (seen.events < wanted && performance.now() - lastAt < patienceMs) {
    await sleep(100);
    const { events, late } = await tell<Seen>({ report: true });
    if (events > 0) lastAt = performance.now();
    seen.events += events;
    seen.late.push(...late);
  }
  return { seen, tookMs: lastAt - startedAt };
}

async function order(to: {
  readonly perSecond?: number;
  readonly events?: number;
}): Promise<Report> {
  server.send(to);
  const [answer] = (await once(server, 'message')) as [Report];
  return answer;
}

async function tell<Answer>(to: ReadersOrder): Promise<Answer> {
  readers.send(to);
  const [answer] = (await once(readers, 'message')) as [Answer];
  return answer;
}

function started(module: string, core: number, execArgv: string[] = []): ChildProcess {
  const child = fork(new URL(module, import.meta.url), {
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (isPinned) {
    spawnSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)], { stdio: 'ignore' });
  }
  return child;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
