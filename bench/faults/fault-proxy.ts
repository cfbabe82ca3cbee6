import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A TCP proxy in front of one port of the loopback that can hang, or refuse and cut. */
export interface FaultProxy {
  readonly port: number;
  /** Passes bytes on; keeps them back; or refuses connections and cuts those that there are. */
  turn(mode: 'pass' | 'hang' | 'killed'): Promise<void>;
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'pass' | 'hang' | 'killed' = 'pass';
  const server = createServer((near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.setNoDelay(true);
    near.pipe(far).pipe(near);
    if (mode === 'hang') for (const socket of pair) socket.pause();
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async turn(next) {
      mode = next;
      if (next === 'killed') {
        if (server.listening) server.close();
        for (const [near, far] of pairs) {
          near.resetAndDestroy();
          far.destroy();
        }
        return;
      }
      if (!server.listening) await listen(port);
      for (const pair of pairs) {
        for (const socket of pair) {
          if (next === 'hang') socket.pause();
          else socket.resume();
        }
      }
    },
  };
}
