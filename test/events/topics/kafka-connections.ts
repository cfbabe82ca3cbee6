import { type AddressInfo, createServer, connect, type Socket } from 'node:net';
import { type FaultProxy, startFaultProxy } from '../../../bench/faults/fault-proxy.ts';
import { mockKafka } from './private-brokers.ts';

/** librdkafka's mock cluster behind connections that can be cut or hang, always at one port. */
export interface KafkaBehindProxy {
  readonly url: string;
  readonly turn: FaultProxy['turn'];
  remove(): Promise<void>;
}

/**
 * The mock keeps nothing when it ends, and comes back at another port; so it lives on, and what
 * dies is each connection to it.
 */
export async function kafkaBehindProxy(): Promise<KafkaBehindProxy> {
  const kafka = await mockKafka();
  const address = { actual: Number(kafka.url.split(':').at(-1)), told: 0 };
  const sockets = new Set<Socket>();
  const rewriter = createServer((near) => {
    const far = connect({ port: address.actual, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    near.pipe(far);
    forEachFrame(far, (frame) => near.write(withPort(frame, address)));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => rewriter.once('listening', resolve));
  const proxy = await startFaultProxy((rewriter.address() as AddressInfo).port);
  address.told = proxy.port;
  return {
    url: `127.0.0.1:${proxy.port}`,
    turn: proxy.turn,
    async remove() {
      await proxy.turn('killed');
      rewriter.close();
      for (const socket of sockets) socket.destroy();
      await kafka.remove();
    },
  };
}

/** Answers of Kafka begin with their length, and come in any pieces. */
function forEachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4) {
      const end = 4 + rest.readInt32BE(0);
      if (rest.length < end) return;
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}

const host = Buffer.from('127.0.0.1');

/** Where a broker is, is told as a host and then a port: the port of the proxy takes its place. */
function withPort(
  frame: Buffer,
  { actual, told }: { readonly actual: number; readonly told: number },
): Buffer {
  const changed = Buffer.from(frame);
  for (let at = changed.indexOf(host); at >= 0; at = changed.indexOf(host, at + 1)) {
    const port = at + host.length;
    if (port + 4 > changed.length || changed.readInt32BE(port) !== actual) continue;
    changed.writeInt32BE(told, port);
  }
  return changed;
}
