/**
 * The server of `bench/webhooks.ts`: sources on one topic, and a listener that tells the parent
 * what was heard. Brokers by their usual variables; `argv[2]` is the run's name, `argv[3]` the
 * folder of its files.
 */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { env } from '../../src/backend/setting.ts';
import { defineBff } from '../../src/bff/define-bff.ts';
import { defineTopic } from '../../src/events/define-topic.ts';
import type { LiveEvents } from '../../src/events/live-events.ts';
import type { StandardSchema } from '../../src/events/standard-schema.ts';
import { defineWebhookSource } from '../../src/events/webhooks/define-webhook-source.ts';
import { githubWebhooks } from '../../src/events/webhooks/signatures/github.ts';
import { standardWebhooks } from '../../src/events/webhooks/signatures/standard-webhooks.ts';
import { stripeWebhooks } from '../../src/events/webhooks/signatures/stripe.ts';
import { createServer } from '../../src/server/bff-server.ts';
import { createLogger } from '../../src/server/log.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';

interface Noted {
  readonly run: string;
  readonly number: number;
}

/** What the parent is told. */
export type Told =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'heard'; readonly numbers: readonly number[] }
  | { readonly kind: 'memory'; readonly rssBytes: number };

const [, , run = '', dataDir = ''] = process.argv;

const schema: StandardSchema<Noted> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => {
      const { run, number } = value as Partial<Noted>; // looked at right here
      return typeof run === 'string' && typeof number === 'number'
        ? { value: { run, number } }
        : { issues: [{ message: 'expected run and number' }] };
    },
  },
};
const noted = defineTopic({
  name: 'bench.noted',
  schema,
  key: ({ number }: Noted) => String(number),
});
const read = ({ number }: Readonly<Record<string, unknown>>): Noted => ({
  run,
  number: number as number, // the topic's schema checks it
});
const webhooks = [
  defineWebhookSource({ name: 'partner', verify: standardWebhooks(env('S')), topic: noted, read }),
  defineWebhookSource({ name: 'github', verify: githubWebhooks(env('S')), topic: noted, read }),
  defineWebhookSource({ name: 'stripe', verify: stripeWebhooks(env('S')), topic: noted, read }),
  defineWebhookSource({
    name: 'big',
    verify: standardWebhooks(env('S')),
    topic: noted,
    read,
    bodyLimitBytes: 32 * 1024 * 1024,
  }),
];
let events: LiveEvents | undefined;
const bff = defineBff({
  name: 'bench',
  subschemas: [
    defineSubschema({
      backend: defineRestBackend({ name: 'nothing', endpoints: 'http://127.0.0.1:1' }),
      builder: makeExecutableSchema({
        typeDefs: 'type Query { hello: String }',
        resolvers: {
          Query: {
            hello: (_: unknown, __: unknown, context: { events: LiveEvents }) => {
              events = context.events;
              return 'hello';
            },
          },
        },
      }),
      topics: [noted],
      webhooks,
    }),
  ],
});
const tell = (told: Told) => process.send?.(told);
const server = createServer(bff, {
  dataDir,
  settings: process.env,
  logger: createLogger({ environment: 'production', level: 'warn' }),
});
await server.fetch(
  new Request('http://bench/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ hello }"}',
  }),
);
let numbers: number[] = [];
const flush = () => {
  if (numbers.length > 0) tell({ kind: 'heard', numbers });
  numbers = [];
};
events?.topics.listen(noted, ({ data }) => {
  const { run: heardRun, number } = data as Noted; // what the schema made
  if (heardRun === run) numbers.push(number);
});
const timer = setInterval(flush, 50);
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => {
  void server.close().then(() => {
    clearInterval(timer);
    flush();
    tell({ kind: 'memory', rssBytes: process.resourceUsage().maxRSS * 1_024 });
    process.disconnect();
  });
});
const { url } = await server.listen();
tell({ kind: 'ready', url: url.replace(/\/graphql$/, '') });
