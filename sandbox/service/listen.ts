import { createServer, type Server } from 'node:net';

/** A port that something else listens on. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} is in use`);
    this.port = port;
  }
}

/** Binds a server to loopback and answers with its port. Fails with `PortInUseError`. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(port) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

/** The given port when it is free, any free one for 0. Fails with `PortInUseError`. */
export async function freePort(port: number): Promise<number> {
  const probe = createServer();
  const free = await listen(probe, port);
  await new Promise((resolve) => probe.close(resolve));
  return free;
}
