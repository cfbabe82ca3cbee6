import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { idOf, serve, sse, until } from './subscribers.ts';
import { thingSeen } from './toy-bff.ts';

describe.each([
  ['Server-Sent Events', stuckReader],
  ['graphql-transport-ws', stuckSocket],
])('over %s', (_, open) => {
  it('a reader that takes nothing is cut at 1 MiB, and the others are not', async () => {
    const { url, context, lines } = await serve();
    const query = 'subscription { seen { id note } }';
    const stuck = await open(url, query);
    const other = await sse(url, query);
    await until(() => context.events.topics.count().readers === 2);
    const note = 'x'.repeat(64 * 1024);
    // The system's own buffers take some MiB.
    for (let index = 0; context.events.topics.count().readers === 2; index += 1) {
      if (index === 2_000) throw new Error('it was never cut');
      await thingSeen.publish(context, { id: `${index}`, note });
      expect(idOf(await other.next())).toBe(`${index}`);
    }
    await stuck.closed;
    expect(lines.filter((line) => line.includes('too slow'))).toHaveLength(1);
    other.leave();
  });
});

/** A client that sends its request, and then reads nothing any more. */
async function stuckReader(url: string, query: string) {
  const { port, hostname, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  const body = JSON.stringify({ query });
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.pause();
  onTestFinished(() => void socket.destroy());
  return {
    /** Resolves when the other side has cut it, which a socket that is not read does not see. */
    get closed() {
      socket.resume();
      return closed;
    },
  };
}

/** The same over a WebSocket. */
async function stuckSocket(url: string, query: string) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  socket.pause();
  onTestFinished(() => socket.terminate());
  return {
    get closed() {
      socket.resume();
      return closed;
    },
  };
}
