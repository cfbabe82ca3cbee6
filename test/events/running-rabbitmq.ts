import { Connection } from 'rabbitmq-client';
import { connects } from './topics/private-brokers.ts';

/** `AMQP_URL`, or the usual port of this machine. */
export const rabbitmqUrl = process.env['AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672';

/** Whether it answers. Under `CI=true` one that does not is a failure. */
export async function rabbitmqAnswers(): Promise<boolean> {
  const { hostname, port } = new URL(rabbitmqUrl);
  if (await connects(Number(port || 5672), hostname)) return true;
  if (process.env['CI'] === 'true') throw new Error(`no RabbitMQ answers at ${hostname}:${port}`);
  console.warn(`no RabbitMQ answers at ${hostname}:${port}: what needs one is not tested`);
  return false;
}

/** Removes what a test made there; one that is not there is no failure. */
export async function deleteQueues(names: Iterable<string>): Promise<void> {
  const connection = new Connection(rabbitmqUrl);
  try {
    for (const queue of names) await connection.queueDelete({ queue });
  } finally {
    await connection.close();
  }
}
