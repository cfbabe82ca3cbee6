import {
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineJob,
  defineRestBackend,
  defineSubschema,
  jobObject,
} from 'tailorbird';
import { createLogger } from '../../src/server/log.ts';

/**
 * A bff to be killed: `node job-bff.ts <port> <folder> <effects url>`. Its mutation enqueues a job
 * that has one effect at a backend.
 */
const [port = '0', dataDir = '', effectsUrl = ''] = process.argv.slice(2);

interface Order {
  readonly item: string;
}

const effects = defineRestBackend({ name: 'effects', endpoints: effectsUrl });
const order = defineJob<Order>({
  name: 'order',
  input: {
    '~standard': {
      version: 1,
      vendor: 'own',
      validate: (value) => ({ value: value as Order }), // GraphQL has checked it
    },
  },
  concurrency: 16,
  run: async ({ item }, { context, idempotencyKey }) =>
    await effects.api(context).post('/orders', { body: { item }, idempotencyKey }),
});
const builder = createSubschemaBuilder();
const JobRef = jobObject(builder);
builder.mutationType({});
builder.mutationField('order', (t) =>
  t.field({
    type: JobRef,
    nullable: false,
    args: { item: t.arg.string({ required: true }), key: t.arg.string({ required: true }) },
    resolve: (_, { item, key }, context) =>
      order.enqueue(context, { item }, { idempotencyKey: key }),
  }),
);

const server = createServer(
  defineBff({
    name: 'orders',
    subschemas: [defineSubschema({ backend: effects, builder, jobs: [order] })],
  }),
  {
    settings: {},
    port: Number(port),
    dataDir,
    viewer: () => ({ subject: 'ada', scopes: [] }),
    logger: createLogger({ environment: 'production', level: 'error' }),
  },
);
await server.listen();
process.on('disconnect', () => process.exit(1));
process.send?.('ready');
