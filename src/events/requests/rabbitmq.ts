import type { Connection, RPCClient } from 'rabbitmq-client';
import { requestQueueOf, type Requests, UnsentRequest } from './requests.ts';

/** Longest wait for a connection, in milliseconds. */
const connectMs = 2_000;
/** Longest that any call waits for a reply, in milliseconds; calls have deadlines of their own. */
const replyMs = 60_000;

/** Requests over a queue of RabbitMQ; replies come directly to this connection. */
export function rabbitmqRequests(endpoint: URL): Requests {
  const queue = requestQueueOf(endpoint);
  let opened: Promise<{ readonly connection: Connection; readonly client: RPCClient }> | undefined;
  const open = async () => {
    const { Connection } = await import('rabbitmq-client');
    const server = new URL(endpoint);
    server.pathname = '';
    const connection = new Connection({
      url: server.href,
      acquireTimeout: connectMs,
      connectionTimeout: connectMs,
      heartbeat: 10,
      retryLow: 200,
      retryHigh: 1_000,
    });
    connection.on('error', () => {}); // it connects again; who asks meanwhile is told
    const client = connection.createRPCClient({ confirm: true, timeout: replyMs });
    return { connection, client };
  };
  return {
    async send(text, deadlineMs) {
      opened ??= open();
      const { connection, client } = await opened;
      await connection.onConnect(Math.min(connectMs, deadlineMs), true).catch(() => {
        throw new UnsentRequest('there is no connection');
      });
      const envelope = {
        routingKey: queue,
        expiration: String(deadlineMs),
        contentType: 'text/plain',
      };
      const reply = await client.send(envelope, text);
      const { body } = reply as { body: unknown };
      if (typeof body === 'string') return body;
      return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
    },
    async close() {
      const running = await opened;
      running?.connection.unsafeDestroy();
    },
  };
}
