import type { NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '../broker-state.ts';
import { requestQueueOf, type Requests, UnsentRequest } from './requests.ts';

/** Longest wait for a connection, in milliseconds. */
const connectMs = 2_000;

/** Requests over a subject of NATS. */
export function natsRequests(endpoint: URL): Requests {
  const subject = requestQueueOf(endpoint);
  let connected: Promise<NatsConnection> | undefined;
  const open = async (): Promise<NatsConnection> => {
    const { connect } = await import('@nats-io/transport-node');
    const { username, password, protocol, host } = endpoint;
    const connection = await connect({
      servers: host,
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { pass: decodeURIComponent(password) }),
      ...(protocol === 'tls:' && { tls: {} }),
      timeout: connectMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
    });
    // For good: by a server that does not let it in any more. The next request makes another.
    void connection.closed().then(() => (connected = undefined));
    return connection;
  };
  return {
    async send(text, deadlineMs) {
      connected ??= open();
      const connection = await connected.catch((error: unknown) => {
        connected = undefined;
        throw new UnsentRequest(reasonOf(error));
      });
      try {
        const reply = await connection.request(subject, text, { timeout: deadlineMs });
        return reply.string();
      } catch (error) {
        // Nobody listens to the subject: the server says so at once.
        if (reasonOf(error).includes('no responders')) throw new UnsentRequest(reasonOf(error));
        throw error;
      }
    },
    async close() {
      const connection = await connected?.catch(() => undefined);
      await connection?.close();
    },
  };
}
