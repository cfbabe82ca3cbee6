import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Heard } from '../../../src/events/topics/broker.ts';
import { createKafkaBroker } from '../../../src/events/topics/brokers/kafka.ts';
import { createNatsBroker } from '../../../src/events/topics/brokers/nats.ts';
import { createRabbitmqBroker } from '../../../src/events/topics/brokers/rabbitmq.ts';
import { createRedisBroker } from '../../../src/events/topics/brokers/redis.ts';
import { deleteQueues, rabbitmqAnswers, rabbitmqUrl } from '../running-rabbitmq.ts';
import { describeBroker, topics } from './broker-contract.ts';
import { describeBrokerKills, itGoesOnWhereItWas } from './broker-kills.ts';
import { Hearing } from './hearing.ts';
import { installed, mockKafka, privateNats, privateRedis } from './private-brokers.ts';

describe.skipIf(!installed('redis-server'))('over Redis', () => {
  describeBroker({
    create: createRedisBroker,
    start: privateRedis,
    nowhere: (port) => `redis://127.0.0.1:${port}`,
  });
  itGoesOnWhereItWas({ create: createRedisBroker, start: privateRedis });
  describeBrokerKills({ create: createRedisBroker, start: privateRedis });
});

describe.skipIf(!installed('nats-server'))('over NATS', () => {
  describeBroker({
    create: createNatsBroker,
    start: privateNats,
    nowhere: (port) => `nats://127.0.0.1:${port}`,
  });
  itGoesOnWhereItWas({ create: createNatsBroker, start: privateNats });
  describeBrokerKills({ create: createNatsBroker, start: privateNats });
});

// Its kills take seconds each: brokers.kill-test.ts.
describe.skipIf(!(await rabbitmqAnswers()))('over RabbitMQ', () => {
  const namespace = `test-${randomUUID()}`;
  const made = Object.values(topics).map((topic) => `${namespace}.topic.${topic}`);
  describeBroker({
    create: (options) => createRabbitmqBroker({ ...options, namespace }),
    start: async () => ({ url: rabbitmqUrl, remove: () => deleteQueues(made) }),
    nowhere: (port) => `amqp://guest:guest@127.0.0.1:${port}`,
    deliveredMs: 1_000,
  });
});

// The mock has another port each time, so that it cannot come back, and knows no passwords.
// A group takes seconds to settle, so the tests wait together.
describe.skipIf(!installed('kcat'))(
  "over Kafka's protocol",
  { timeout: 30_000, concurrent: true },
  () => {
    describeBroker({
      create: createKafkaBroker,
      start: mockKafka,
      nowhere: (port) => `127.0.0.1:${port}`,
      deliveredMs: 1_500,
    });

    it('reads its log no further than it has heard, so that nothing comes twice', async () => {
      const server = await mockKafka();
      const broker = createKafkaBroker({ url: server.url, log: () => {} });
      onTestFinished(async () => {
        await broker.close();
        await server.remove();
      });
      const publish = (n: number) =>
        broker.publish('things.logged', { headers: {}, body: `${n}` }, `key ${n}`);
      const hearing = new Hearing();
      await broker.listen('things.logged', hearing);
      await publish(0);
      await hearing.until(1);
      const cursor = hearing.heardAll[0]?.cursor ?? '';
      let published = 1;
      let log: readonly Heard[] | null;
      // The mock lets who listens wait a little; had it heard already, once more.
      do {
        await hearing.until(published);
        await publish(published);
        published += 1;
        log = await broker.replay('things.logged', cursor, 100);
      } while (log?.length === published - 1 && published < 5);
      expect(log?.map(({ body }) => body).toSorted()).toEqual(numbers(1, published - 1));
      await hearing.until(published);
      expect(hearing.bodies).toEqual(numbers(0, published));
    });
  },
);

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${from + index}`);
}
