/**
 * Subscribers on one topic: how late events are with many sockets, and what subscribing and
 * leaving leaves behind. `node bench/events.ts [sockets] [events/s] [seconds] [cycles]`, by default
 * 2,000 sockets at 50 events/s for 30 s and 20,000 cycles. The server has one core where `taskset`
 * is there; NATS_URL or another broker's variable puts that broker in between.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';

const [sockets = 2_000, perSecond = 50, seconds = 30, cycles = 20_000] = process.argv
  .slice(2)
  .map(Number);

interface Report {
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  readonly cpu: { readonly user: number; readonly system: number };
  readonly readers: number;
  readonly subscriptions: number;
}

const pinned = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
const server = fork(new URL('./events/server.ts', import.meta.url), {
  execArgv: ['--expose-gc'],
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
if (pinned) spawnSync('taskset', ['-a', '-p', '-c', '0', String(server.pid)], { stdio: 'ignore' });

const order = async (rate: number): Promise<Report> => {
  server.send({ perSecond: rate });
  const [report] = (await once(server, 'message')) as [Report];
  return report;
};

const late: number[] = [];
let isMeasured = false;
const subscribe = JSON.stringify({
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { ticked { id sentAt } }' },
});

/** Opens a socket that has introduced itself. */
async function open(): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

const opened: WebSocket[] = [];
while (opened.length < sockets) {
  const some = Array.from({ length: Math.min(50, sockets - opened.length) }, open);
  for (const socket of await Promise.all(some)) {
    socket.on('message', (data) => {
      const sentAt = /"sentAt":(\d+)/.exec(String(data))?.[1];
      if (isMeasured && sentAt !== undefined) late.push(Date.now() - Number(sentAt));
    });
    socket.send(subscribe);
    opened.push(socket);
  }
}
let report = await order(0);
while (report.readers < sockets) report = await order(0);
console.log(`${sockets} sockets read one topic over ${report.subscriptions} broker subscription`);

const before = await order(perSecond);
await sleep(1_000);
isMeasured = true;
await sleep(seconds * 1_000);
isMeasured = false; // what is on its way at either end makes the count a little less or more
const after = await order(0);
late.sort((left, right) => left - right);
const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
const cpuMs = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1_000;
console.log(
  `${late.length} of ${sockets * perSecond * seconds} deliveries at ${perSecond} events/s${pinned ? ', server on one core' : ''}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${late.at(-1)} ms`,
);
console.log(
  `server: ${Math.round(cpuMs / (seconds + 1) / 10)}% of a core, ${mib(after.memory.rss)} MiB`,
);

for (const socket of opened) socket.close();
report = await order(0);
while (report.readers > 0) report = await order(0);

const socket = await open();
const memory: number[] = [];
for (let cycle = 0; cycle < cycles; cycle += 1) {
  const id = String(cycle);
  socket.send(subscribe.replace('"1"', `"${id}"`));
  socket.send(JSON.stringify({ id, type: 'complete' }));
  if (cycle % 40 === 39) await sleep(1);
  if (cycle % Math.ceil(cycles / 4) === 0) memory.push((await order(0)).memory.heapUsed);
}
socket.close();
report = await order(0);
for (let wait = 0; (report.readers > 0 || report.subscriptions > 0) && wait < 100; wait += 1) {
  await sleep(50);
  report = await order(0);
}
memory.push(report.memory.heapUsed);
console.log(
  `${cycles} subscribed and left: heap ${memory.map(mib).join(' → ')} MiB; ${report.readers} readers and ${report.subscriptions} broker subscriptions are left`,
);
server.disconnect();

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
