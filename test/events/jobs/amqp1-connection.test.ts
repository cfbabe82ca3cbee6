import type { AddressInfo } from 'node:net';
import rhea, { type Connection, type EventContext } from 'rhea';
import { expect, it, onTestFinished } from 'vitest';
import { done } from '../../../src/events/jobs/queue.ts';
import { createAmqp1Queue } from '../../../src/events/jobs/queues/amqp1.ts';
import { createInbox } from './queue-contract.ts';

/** A broker that has no messages, and closes connections as Service Bus does with idle ones. */
async function idleBroker() {
  const connections = createInbox<Connection>();
  const readers = createInbox<string>();
  const container = rhea.create_container();
  container.on('connection_open', ({ connection }: EventContext) => connections.add(connection));
  container.on('sender_open', ({ sender }: EventContext) =>
    readers.add(String(sender?.source.address)),
  );
  container.on('disconnected', () => {}); // by who is tested
  const server = container.listen({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: `amqp://127.0.0.1:${port}`,
    connections,
    readers,
    closeConnection() {
      connections.items
        .at(-1)
        ?.close({ condition: 'amqp:connection:forced', description: 'it was idle' });
    },
  };
}

// What a running RabbitMQ makes of it: amqp1-queue.kill-test.ts.
it('has one connection again after its broker closed an idle one', async () => {
  const broker = await idleBroker();
  const queue = createAmqp1Queue({ url: broker.url, log: () => {} });
  onTestFinished(() => queue.close());
  queue.consume('idle', { concurrency: 1, handle: async () => done });
  await broker.readers.until(1);
  broker.closeConnection();
  await broker.readers.until(2);
  // Another would be there by now: it waits a second before it connects.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(broker.readers.items).toEqual(['tailorbird.idle', 'tailorbird.idle']);
  expect(broker.connections.items).toHaveLength(2);
});
