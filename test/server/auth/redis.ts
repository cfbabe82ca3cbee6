import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const { hostname, port } = new URL(redisUrl);

/** Whether a Redis is here to test with. */
export const hasRedis = await new Promise<boolean>((resolve) => {
  const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 500 });
  const say = (answer: boolean) => {
    socket.destroy();
    resolve(answer);
  };
  socket.once('connect', () => say(true));
  socket.once('error', () => say(false));
  socket.once('timeout', () => say(false));
});

/** A door to Redis that can be shut: connections end, and new ones are refused. */
export interface RedisDoor {
  readonly url: URL;
  open(): Promise<void>;
  shut(): Promise<void>;
}

/** Shut at first, on a port that stays the same. */
export async function redisDoor(): Promise<RedisDoor> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let doorPort = 0;

  const door = {
    get url() {
      return new URL(`redis://127.0.0.1:${doorPort}`);
    },
    async open() {
      server = createServer((socket) => {
        const redis = connect({ host: hostname, port: Number(port || 6379) });
        for (const [one, other] of [
          [socket, redis],
          [redis, socket],
        ] as const) {
          sockets.add(one);
          one.on('error', () => other.destroy());
          one.on('close', () => sockets.delete(one));
          one.pipe(other);
        }
      });
      await new Promise<void>((resolve) => server?.listen(doorPort, '127.0.0.1', resolve));
      doorPort = (server.address() as AddressInfo).port;
    },
    async shut() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        if (server) server.close(() => resolve());
        else resolve();
      });
    },
  };
  await door.open();
  await door.shut();
  return door;
}
