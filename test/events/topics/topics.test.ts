import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLiveEvents, type EventDefinitions } from '../../../src/events/live-events.ts';
import { defineTopic } from '../../../src/events/define-topic.ts';
import { nobodyObserves } from '../../../src/events/observer.ts';

const moved = defineTopic({
  name: 'things.moved',
  schema: z.object({ id: z.string(), to: z.string() }),
  key: ({ id }) => id,
});

/** No job runs here. */
function fail(): never {
  throw new Error('a job runs');
}

function running(definitions: Partial<EventDefinitions>) {
  const lines: string[] = [];
  const events = createLiveEvents({
    definitions: { topics: [], jobs: [], webhooks: [], ...definitions },
    settings: {
      NATS_URL: null,
      AMQP_URL: null,
      KAFKA_BROKERS: null,
      REDIS_URL: null,
      SQS_URL: null,
      AMQP1_URL: null,
    },
    host: {
      bff: 'test',
      backends: new Map(),
      invalidate: async () => {},
      jobs: { contextOf: () => fail(), maskOf: () => fail() },
      observer: nobodyObserves,
      log: (line) => lines.push(line),
    },
  });
  return { events, lines };
}

it('hands an event to those who subscribed to its key, and to those who want all', async () => {
  const context = running({ topics: [moved] });
  const one = moved.subscribe(context, { key: 'a' });
  const all = moved.subscribe(context);
  await moved.publish(context, { id: 'b', to: 'here' });
  await moved.publish(context, { id: 'a', to: 'there' });
  expect((await one.next()).value).toEqual({ id: 'a', to: 'there' });
  expect((await all.next()).value).toEqual({ id: 'b', to: 'here' });
  expect((await all.next()).value).toEqual({ id: 'a', to: 'there' });
  expect(context.events.topics.count()).toEqual({ readers: 2, subscriptions: 1 });
  await context.events.close();
  expect(context.events.topics.count()).toEqual({ readers: 0, subscriptions: 0 });
});

it('refuses an event that breaks its schema, with what is wrong', async () => {
  const context = running({ topics: [moved] });
  const wrong = { id: 'a' } as { id: string; to: string };
  await expect(moved.publish(context, wrong)).rejects.toThrow(
    /an event of topic "things\.moved" breaks its schema: to: /,
  );
  await context.events.close();
});

it('hears an event once that is published twice with one id', async () => {
  const context = running({ topics: [moved] });
  const all = moved.subscribe(context);
  for (const to of ['here', 'there']) await moved.publish(context, { id: 'a', to }, { id: '1' });
  await moved.publish(context, { id: 'b', to: 'here' });
  expect((await all.next()).value).toEqual({ id: 'a', to: 'here' });
  expect((await all.next()).value).toEqual({ id: 'b', to: 'here' });
  await context.events.close();
});
