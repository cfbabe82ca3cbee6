import { connect } from '@nats-io/transport-node';
import { Connection } from 'rabbitmq-client';

/** A request as it comes over a queue, and its reply. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/**
 * What runs beside a service on premises: takes requests from a queue, asks the service, replies.
 * It opens connections outwards only, so that nothing has to let anybody in.
 */
export async function bridge(
  url: string,
  answer: (request: Request) => Reply | Promise<Reply>,
): Promise<{ close(): Promise<void> }> {
  const endpoint = new URL(url);
  const queue = endpoint.pathname.slice(1);
  if (endpoint.protocol === 'nats:') {
    const connection = await connect({ servers: endpoint.host });
    connection.subscribe(queue, {
      queue: 'bridge',
      callback: (_, message) => {
        void Promise.resolve(answer(message.json<Request>())).then((reply) =>
          message.respond(JSON.stringify(reply)),
        );
      },
    });
    await connection.flush();
    return { close: () => connection.close() };
  }
  endpoint.pathname = '';
  const connection = new Connection(endpoint.href);
  connection.on('error', () => {}); // it connects again by itself
  const consumer = connection.createConsumer(
    { queue, queueOptions: { queue, durable: true }, qos: { prefetchCount: 20 } },
    async (message, reply) => {
      await reply(JSON.stringify(await answer(JSON.parse(String(message.body)) as Request)));
    },
  );
  await new Promise<void>((resolve) => consumer.once('ready', resolve));
  return {
    async close() {
      await consumer.close();
      await connection.close();
    },
  };
}
