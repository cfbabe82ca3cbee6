import { afterAll, beforeAll, describe } from 'vitest';
import { createKafkaQueue } from '../../../src/events/jobs/queues/kafka.ts';
import { type KafkaBehindProxy, kafkaBehindProxy } from '../topics/kafka-connections.ts';
import { installed } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker } from './broker-queue.ts';

describe.runIf(installed('kcat'))(
  'the queue on Kafka, whose connections die (the mock keeps nothing, so it lives on)',
  () => {
    let kafka: KafkaBehindProxy;
    beforeAll(async () => {
      kafka = await kafkaBehindProxy();
    });
    afterAll(() => kafka?.remove());
    // In turn: reset and refused, and hanging; for three seconds each.
    const faults = ['killed', 'hang'] as const;
    let kills = 0;
    const connections = {
      async kill() {
        await kafka.turn(faults[kills++ % faults.length] ?? 'killed');
        await new Promise((resolve) => setTimeout(resolve, 3_000));
      },
      start: () => kafka.turn('pass'),
    };

    itSurvivesItsBroker({
      broker: () => connections,
      open: () => createKafkaQueue({ url: kafka.url, log: () => {} }),
      settings: () => ({ KAFKA_BROKERS: kafka.url }),
    });
  },
);
