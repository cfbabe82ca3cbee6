/** The bff that the faults are watched through, in a process of its own. Env: `PORTS`, as JSON. */
import { subscribe } from 'node:diagnostics_channel';
import {
  type BackendPolicy,
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineGraphqlBackend,
  defineGrpcBackend,
  defineRestBackend,
  defineSubschema,
  type RequestContext,
} from 'tailorbird';
import type { BackendName } from './fault.ts';

/** A healthy answer takes 60 ms, one that is ten times slower comes too late. */
const policy: BackendPolicy = { timeoutMs: 500 };

const ports = JSON.parse(process.env['PORTS'] ?? '{}') as Record<BackendName, number>;
const at = (name: BackendName, options = ''): string => `http://127.0.0.1:${ports[name]}${options}`;

const alpha = defineRestBackend({ name: 'alpha', endpoints: at('alpha'), policy });
const beta = defineRestBackend({ name: 'beta', endpoints: at('beta'), policy });
const gamma = defineGrpcBackend({
  name: 'gamma',
  endpoints: `127.0.0.1:${ports.gamma}`,
  policy,
  proto: new URL('./gamma.proto', import.meta.url),
  service: 'gamma.v1.Gamma',
});
const delta = defineGraphqlBackend({ name: 'delta', endpoints: at('delta', '/graphql'), policy });
const replicas = defineRestBackend({
  name: 'replicas',
  endpoints: [at('replica1'), at('replica2'), at('replica3')].join(),
  policy,
});
const regions = defineRestBackend({
  name: 'regions',
  endpoints: [at('primary'), at('secondary', ';priority=1')].join(),
  policy,
});

type Item = { readonly value: string };
type Rest = typeof alpha;

const valueOf = async (backend: Rest, context: RequestContext, id: string): Promise<string> => {
  const item = await backend.api(context).get('/items/{id}', { params: { id } });
  return (item as Item).value;
};

function subschemaOf(
  backend: Parameters<typeof defineSubschema>[0]['backend'],
  read: (context: RequestContext, id: string) => Promise<string>,
) {
  const builder = createSubschemaBuilder();
  builder.queryField(backend.name, (t) =>
    t.string({
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, context) => read(context, id),
    }),
  );
  if (backend.name === 'alpha') {
    builder.mutationType({});
    builder.mutationField('book', (t) =>
      t.string({
        args: { id: t.arg.id({ required: true }), key: t.arg.string() },
        resolve: async (_root, { id, key }, context) => {
          const options = key ? { idempotencyKey: key } : {};
          const made = await alpha
            .api(context)
            .post('/bookings/{id}', { params: { id }, body: {}, ...options });
          return (made as Item).value;
        },
      }),
    );
  }
  return defineSubschema({ backend, builder });
}

const bff = defineBff({
  name: 'faults',
  subschemas: [
    subschemaOf(alpha, (context, id) => valueOf(alpha, context, id)),
    subschemaOf(beta, (context, id) => valueOf(beta, context, id)),
    subschemaOf(gamma, async (context, id) => {
      return ((await gamma.api(context).call('GetItem', { id })) as Item).value;
    }),
    subschemaOf(delta, async (context) => {
      return (await delta.api(context).query<Item>('query Value { value }')).value;
    }),
    subschemaOf(replicas, (context, id) => valueOf(replicas, context, id)),
    subschemaOf(regions, (context, id) => valueOf(regions, context, id)),
  ],
});

const ignore = (): void => {};
const server = createServer(bff, {
  port: 0,
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
});
subscribe('tailorbird:resilience', (event) => void process.send?.({ event }));
process.on('disconnect', () => process.exit(0));
const { url } = await server.listen();
process.send?.({ url });
