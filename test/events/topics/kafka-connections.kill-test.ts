import { describe, it, onTestFinished } from 'vitest';
import { createKafkaBroker } from '../../../src/events/topics/brokers/kafka.ts';
import { hearsAllThrough } from './broker-outages.ts';
import { kafkaBehindProxy } from './kafka-connections.ts';
import { installed } from './private-brokers.ts';

describe.skipIf(!installed('kcat'))(
  "topics over Kafka's protocol, whose connections die (the mock keeps nothing, so it lives on)",
  { timeout: 90_000 },
  () => {
    it.each([
      ['reset, and refused for 3 s', 'killed', 3_000],
      ['hanging for 4 s', 'hang', 4_000],
    ] as const)('hear each confirmed event once, in order: %s', async (_, mode, awayMs) => {
      const kafka = await kafkaBehindProxy();
      onTestFinished(() => kafka.remove());
      await hearsAllThrough({
        url: kafka.url,
        create: createKafkaBroker,
        down: () => kafka.turn(mode),
        up: () => kafka.turn('pass'),
        awayMs,
      });
    });
  },
);
