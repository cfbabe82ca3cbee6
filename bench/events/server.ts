import { performance } from 'node:perf_hooks';
import { createLiveEvents, type LiveEvents } from '../../src/events/live-events.ts';
import {
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineRestBackend,
  defineSubschema,
  defineTopic,
} from '../../src/index.ts';
import type { StandardSchema } from '../../src/events/standard-schema.ts';

// The bff that `bench/events.ts` measures, in a process of its own: one topic that anybody may
// publish to. Brokers are chosen as everywhere, by NATS_URL and the others.

interface Tick {
  readonly id: string;
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
}

const schema: StandardSchema<Tick> = {
  '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as Tick }) }, // published below only
};
const ticked = defineTopic({ name: 'bench.ticked', schema, key: ({ id }) => id });

const builder = createSubschemaBuilder();
const TickRef = builder.objectRef<Tick>('Tick');
TickRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    sentAt: t.exposeFloat('sentAt', { nullable: false }),
  }),
});
builder.queryField('ok', (t) => t.boolean({ resolve: () => true }));
builder.subscriptionType({});
builder.subscriptionField('ticked', (t) =>
  t.field({
    type: TickRef,
    subscribe: (_, __, context) => ticked.subscribe(context),
    resolve: (tick) => tick,
  }),
);

const backend = defineRestBackend({ name: 'ticks', endpoints: 'http://127.0.0.1:1' });
const bff = defineBff({
  name: 'bench',
  subschemas: [defineSubschema({ backend, builder, topics: [ticked] })],
});

let events: LiveEvents | undefined;
const { REDIS_URL = null, NATS_URL = null, AMQP_URL = null, KAFKA_BROKERS = null } = process.env;
const server = createServer(bff, {
  // What is turned away in production is not what is measured here.
  environment: 'development',
  events: (host) => {
    events = createLiveEvents({
      definitions: { topics: [ticked], jobs: [], webhooks: [] },
      settings: { REDIS_URL, NATS_URL, AMQP_URL, KAFKA_BROKERS, SQS_URL: null, AMQP1_URL: null },
      host,
    });
    return events;
  },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  host: '127.0.0.1',
});
const { url } = await server.listen();

let ticking: NodeJS.Timeout | undefined;
let id = 0;
process.on('message', (order: { readonly perSecond?: number; readonly events?: number }) => {
  const { perSecond = 0, events: most = 0 } = order;
  if (most > 0) {
    const startedAt = performance.now();
    let sent = 0;
    ticking = setInterval(() => {
      // What is due by now, since timers are late.
      const due = Math.min(most, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
      while (sent < due) {
        sent += 1;
        void ticked.publish({ events }, { id: String(++id), sentAt: Date.now() });
      }
      if (sent === most) clearInterval(ticking);
    }, 2);
  }
  globalThis.gc?.();
  process.send?.({
    memory: process.memoryUsage(),
    cpu: process.cpuUsage(),
    active: performance.eventLoopUtilization().active,
    ...events?.topics.count(),
  });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });
