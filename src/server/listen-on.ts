import type { AddressInfo, Server as NetServer } from 'node:net';

/** Opens a port; resolves with its number. Fails: Error that names the port, the reason and `variable`. */
export function listenOn(
  server: NetServer,
  port: number,
  host: string | undefined,
  variable: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(listenProblem(error, port, variable)));
    });
    server.listen({ port, host, backlog }, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Connections that may wait to be taken, as many as Linux lets by default. With the usual 511 a burst
 * under load overflows, and who finds no room tries again after 1, 3 and 7 seconds.
 */
const backlog = 4_096;

function listenProblem(error: NodeJS.ErrnoException, port: number, variable: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use; set ${variable} to another, or stop what listens there`;
    case 'EACCES':
      return `port ${port} needs more rights; set ${variable} to one above 1023`;
    default:
      return `port ${port} can't be opened: ${error.message}; set ${variable} to another`;
  }
}
