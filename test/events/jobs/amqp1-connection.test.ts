import type { AddressInfo } from 'node:net';
import rhea, { type AmqpError, type Connection, type EventContext } from 'rhea';
import { expect, it, onTestFinished } from 'vitest';
import { done } from '../../../src/events/jobs/queue.ts';
import { createAmqp1Queue } from '../../../src/events/jobs/queues/amqp1.ts';
import { createInbox } from './queue-contract.ts';

/**
 * A broker that has no messages, and closes connections as Service Bus does with idle ones.
 *
 * @param refusals how many logins it refuses first
 */
async function idleBroker({ refusals = 0 } = {}) {
  const connections = createInbox<Connection>();
  const readers = createInbox<string>();
  const container = rhea.create_container();
  let logins = 0;
  container.sasl_server_mechanisms.enable_plain(() => ++logins > refusals);
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
    url: `amqp://someone:secret@127.0.0.1:${port}`,
    connections,
    readers,
    closeConnection: (reason?: AmqpError) => connections.items.at(-1)?.close(reason),
  };
}

async function expectOneMoreReader({
  readers,
  connections,
}: Awaited<ReturnType<typeof idleBroker>>) {
  const before = readers.items.length;
  await readers.until(before + 1);
  // Another would be there by now: it waits a second before it connects.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(readers.items).toEqual(Array.from({ length: before + 1 }, () => 'tailorbird.idle'));
  expect(connections.items).toHaveLength(before + 1);
}

// What a running RabbitMQ makes of it: amqp1-queue.kill-test.ts.
it.for([
  ['with a reason', { condition: 'amqp:connection:forced', description: 'it was idle' }],
  ['without a reason', undefined],
] as const)(
  'has one connection again after its broker closed an idle one %s',
  async ([, reason]) => {
    const broker = await idleBroker();
    const lines: string[] = [];
    const queue = createAmqp1Queue({ url: broker.url, log: (line) => lines.push(line) });
    onTestFinished(() => queue.close());
    queue.consume('idle', { concurrency: 1, handle: async () => done });
    await broker.readers.until(1);
    broker.closeConnection(reason);
    await expectOneMoreReader(broker);
    expect(lines).toEqual([expect.stringContaining('amqp1 is away'), 'amqp1 is back']);
  },
);

it('reads once after its login was refused', async () => {
  const broker = await idleBroker({ refusals: 1 });
  const queue = createAmqp1Queue({ url: broker.url, log: () => {} });
  onTestFinished(() => queue.close());
  queue.consume('idle', { concurrency: 1, handle: async () => done });
  await expectOneMoreReader(broker);
});
