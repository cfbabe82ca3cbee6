import { connect, type Socket } from 'node:net';
import { coreMs, cpuMs } from '../process-usage.ts';
import type { LoadOrder, LoadResult } from './order.ts';

/** After that an answer counts as never sent. */
const drainMs = 30_000;

/**
 * A closed loop over new keep-alive sockets, one POST in flight on each; over when the last answer
 * has come. Written on raw sockets, because a client library would cost as much CPU as some of the
 * servers measured.
 */
export function takeSlice(order: LoadOrder): Promise<LoadResult> {
  const { promise, resolve } = Promise.withResolvers<LoadResult>();
  const request = requestOf(order);
  const sockets = new Set<Socket>();
  const latencies: number[] = [];
  let phase: 'warming' | 'measuring' | 'draining' = 'warming';
  let allRequests = 0;
  let wrong = 0;
  let firstWrong = '';
  let before: Usage = { atMs: 0, serverMs: 0, serverCoreMs: 0, loadCoreMs: 0 };
  let measured: Measured = { seconds: 0, serverCpuMs: 0, loadCoreBusy: 0, foreignShare: 0 };
  let endTimer: NodeJS.Timeout | undefined;
  let drainTimer: NodeJS.Timeout | undefined;

  for (let index = 0; index < order.connections; index++) open();
  setTimeout(begin, order.warmUpMs);
  return promise;

  function begin(): void {
    before = usageOf(order);
    phase = 'measuring';
    endTimer = setTimeout(end, order.measureMs);
  }

  function end(): void {
    const after = usageOf(order);
    const elapsedMs = after.atMs - before.atMs;
    if (latencies.length < order.leastRequests && elapsedMs < 3 * order.measureMs) {
      endTimer = setTimeout(end, 200);
      return;
    }
    clearTimeout(endTimer);
    phase = 'draining';
    measured = measuredBetween(before, after);
    drainTimer = setTimeout(giveUp, drainMs);
    if (sockets.size === 0) report();
  }

  function isWrong(how: string): void {
    if (wrong++ === 0) firstWrong = how;
  }

  function giveUp(): void {
    for (const _ of sockets) isWrong(`no answer within ${drainMs} ms`);
    for (const socket of sockets) socket.destroy();
  }

  function report(): void {
    clearTimeout(drainTimer);
    const sorted = Float64Array.from(latencies).sort();
    resolve({
      requests: sorted.length,
      allRequests,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      wrong,
      firstWrong,
      ...measured,
    });
  }

  /** One connection: sends, waits for the whole answer, sends again. */
  function open(): void {
    const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    /** Bytes still to come; -1 before the head, -2 while a chunked body comes. */
    let remaining = -1;
    let tail: Buffer = Buffer.alloc(0);
    sockets.add(socket);
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
        const shown = () =>
          `${head.split('\r\n', 1)[0]} ${bytes.toString('utf8', headEnd + 4).slice(-400)}`;
        if (!head.startsWith('HTTP/1.1 200')) isWrong(shown());
        const declared = /content-length: *(\d+)/i.exec(head);
        if (declared) {
          const length = Number(declared[1]);
          if (length !== order.answerBytes) isWrong(shown());
          remaining = length - (bytes.byteLength - headEnd - 4);
        } else {
          remaining = -2;
          tail = bytes.subarray(-5);
        }
      } else if (remaining >= 0) remaining -= chunk.byteLength;
      else tail = (chunk.byteLength >= 5 ? chunk : Buffer.concat([tail, chunk])).subarray(-5);
      if (remaining === 0 || (remaining === -2 && tail.toString('latin1') === '0\r\n\r\n'))
        answered();
    });
    socket.on('error', (error) => isWrong(String(error)));
    socket.on('close', () => {
      sockets.delete(socket);
      if (phase !== 'draining') {
        isWrong('the connection was closed');
        if (wrong < 1_000) open();
      } else if (sockets.size === 0) report();
    });

    function send(): void {
      remaining = -1;
      tail = Buffer.alloc(0);
      sentAt = performance.now();
      socket.write(request);
    }

    function answered(): void {
      allRequests++;
      if (phase === 'measuring') {
        latencies.push(performance.now() - sentAt);
        if (latencies.length === order.mostRequests) end();
      }
      if (phase === 'draining') socket.destroy();
      else send();
    }
  }
}

function requestOf({ port, path, body }: LoadOrder): Buffer {
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'accept: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}

interface Usage {
  readonly atMs: number;
  readonly serverMs: number;
  readonly serverCoreMs: number;
  readonly loadCoreMs: number;
}

type Measured = Pick<LoadResult, 'seconds' | 'serverCpuMs' | 'loadCoreBusy' | 'foreignShare'>;

function usageOf({ serverPid, serverCore, upstreamPid }: LoadOrder): Usage {
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    serverMs: cpuMs(serverPid),
    serverCoreMs: coreMs(serverCore),
    loadCoreMs: (own.user + own.system) / 1_000 + cpuMs(upstreamPid),
  };
}

function measuredBetween(before: Usage, after: Usage): Measured {
  const elapsedMs = after.atMs - before.atMs;
  const serverCpuMs = after.serverMs - before.serverMs;
  const coreUsedMs = after.serverCoreMs - before.serverCoreMs;
  return {
    seconds: elapsedMs / 1_000,
    serverCpuMs,
    foreignShare: Math.max(0, coreUsedMs - serverCpuMs) / elapsedMs,
    loadCoreBusy: (after.loadCoreMs - before.loadCoreMs) / elapsedMs,
  };
}
