/**
 * The load: a closed loop over keep-alive sockets, one POST in flight on each. Written on raw
 * sockets, because a client library would cost as much CPU as some of the servers measured.
 *
 * Reads a `LoadOrder` from `argv[2]` and prints a `LoadResult`, both as JSON.
 */
import { connect, type Socket } from 'node:net';
import { coreMs, cpuMs } from './process-usage.ts';

export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The window grows, up to threefold, until it has as many answers. */
  readonly leastRequests: number;
  /** The server, for its CPU time; and the upstream, for how busy the load's core is. */
  readonly serverPid: number;
  readonly serverCore: number;
  readonly upstreamPid: number;
}

export interface LoadResult {
  /** Answers within the measured window. */
  readonly requests: number;
  /** Answers including warm-up and draining. */
  readonly allRequests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuMs: number;
  /** Share of the load's core that the load and the upstream took, 0–1. */
  readonly loadCoreBusy: number;
  /** Share of the server's core that neither the server nor an idle core had, 0–1. */
  readonly foreignShare: number;
  /** Answers that were not status 200, or not as long as the first one. */
  readonly wrong: number;
}

const order = JSON.parse(process.argv[2] ?? '') as LoadOrder;
const request = Buffer.from(
  [
    `POST ${order.path} HTTP/1.1`,
    `host: 127.0.0.1:${order.port}`,
    'content-type: application/json',
    'accept: application/json',
    `content-length: ${Buffer.byteLength(order.body)}`,
    '',
    order.body,
  ].join('\r\n'),
);

const latencies: number[] = [];
let measuring = false;
let stopping = false;
let allRequests = 0;
let wrong = 0;
let bodyLength = -1;
let open = 0;
let cpuBefore = 0;
let busyBefore = 0;
let coreBefore = 0;
let startedAt = 0;
let measured:
  | Pick<LoadResult, 'seconds' | 'serverCpuMs' | 'loadCoreBusy' | 'foreignShare'>
  | undefined;

for (let index = 0; index < order.connections; index++) run();
setTimeout(begin, order.warmUpMs);
setTimeout(end, order.warmUpMs + order.measureMs);

function begin(): void {
  cpuBefore = cpuMs(order.serverPid);
  busyBefore = loadCoreMs();
  coreBefore = coreMs(order.serverCore);
  startedAt = performance.now();
  measuring = true;
}

function end(): void {
  const elapsedMs = performance.now() - startedAt;
  if (latencies.length < order.leastRequests && elapsedMs < 3 * order.measureMs) {
    setTimeout(end, 200);
    return;
  }
  const serverCpuMs = cpuMs(order.serverPid) - cpuBefore;
  const coreUsedMs = coreMs(order.serverCore) - coreBefore;
  measured = {
    seconds: elapsedMs / 1_000,
    serverCpuMs,
    foreignShare: Math.max(0, coreUsedMs - serverCpuMs) / elapsedMs,
    loadCoreBusy: (loadCoreMs() - busyBefore) / elapsedMs,
  };
  measuring = false;
  stopping = true;
}

function loadCoreMs(): number {
  const own = process.cpuUsage();
  return (own.user + own.system) / 1_000 + cpuMs(order.upstreamPid);
}

/** One connection: sends, waits for the whole answer, sends again. */
function run(): void {
  const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
  let sentAt = 0;
  /** Bytes still to come; -1 before the head, -2 while a chunked body comes. */
  let remaining = -1;
  let tail: Buffer = Buffer.alloc(0);
  open++;
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    if (remaining === -1) {
      const bytes = tail.byteLength === 0 ? chunk : Buffer.concat([tail, chunk]);
      const headEnd = bytes.indexOf('\r\n\r\n');
      if (headEnd === -1) {
        tail = bytes;
        return;
      }
      const head = bytes.toString('latin1', 0, headEnd);
      if (!head.startsWith('HTTP/1.1 200')) wrong++;
      const declared = /content-length: *(\d+)/i.exec(head);
      if (declared) {
        const length = Number(declared[1]);
        if (bodyLength === -1) bodyLength = length;
        else if (length !== bodyLength) wrong++;
        remaining = length - (bytes.byteLength - headEnd - 4);
      } else {
        remaining = -2;
        tail = bytes.subarray(-5);
      }
    } else if (remaining >= 0) remaining -= chunk.byteLength;
    else tail = (chunk.byteLength >= 5 ? chunk : Buffer.concat([tail, chunk])).subarray(-5);
    if (remaining === 0 || (remaining === -2 && tail.toString('latin1') === '0\r\n\r\n'))
      answered(socket);
  });
  socket.on('error', () => {
    wrong++;
  });
  socket.on('close', () => {
    open--;
    if (!stopping) {
      wrong++;
      if (wrong < 1_000) run();
    } else if (open === 0) report();
  });

  function send(): void {
    remaining = -1;
    tail = Buffer.alloc(0);
    sentAt = performance.now();
    socket.write(request);
  }

  function answered(of: Socket): void {
    allRequests++;
    if (measuring) latencies.push(performance.now() - sentAt);
    if (stopping) of.destroy();
    else send();
  }
}

function report(): void {
  const sorted = Float64Array.from(latencies).sort();
  const result: LoadResult = {
    requests: sorted.length,
    allRequests,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    wrong,
    ...(measured ?? { seconds: 0, serverCpuMs: 0, loadCoreBusy: 0, foreignShare: 0 }),
  };
  process.stdout.write(JSON.stringify(result));
}
