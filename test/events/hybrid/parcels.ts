import {
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineQueueBackend,
  defineRestBackend,
  defineSubschema,
  env,
} from '../../../src/index.ts';

interface Weight {
  readonly id: string;
  readonly grams: number;
}
interface Position {
  readonly id: string;
  readonly city: string;
}
interface Paths<Row> {
  '/parcels': {
    get: { query?: { ids?: readonly string[] }; body?: undefined; response: { items: Row[] } };
  };
}

/** On premises: a scale that no connection leads to. It takes its requests from a queue. */
const scales = defineQueueBackend<Paths<Weight>>({
  name: 'scales',
  endpoints: env('SCALES_URL', 'nats://127.0.0.1:4222/scales.requests'),
  policy: { timeoutMs: 400 },
});
const weightOf = defineBatch(scales, {
  name: 'weightOf',
  load: (ids: readonly string[], api) => api.get('/parcels', { query: { ids: [...ids] } }),
  rows: (page) => page.items,
  keyOf: (row: Weight) => row.id,
  cache: { scope: 'none' },
});

/** In a cloud: two regions, the second for when the first is down. */
const tracking = defineRestBackend<Paths<Position>>({
  name: 'tracking',
  endpoints: env('TRACKING_URL', 'http://127.0.0.1:1;priority=0,http://127.0.0.1:2;priority=1'),
  policy: { timeoutMs: 400 },
});
const positionOf = defineBatch(tracking, {
  name: 'positionOf',
  load: (ids: readonly string[], api) => api.get('/parcels', { query: { ids: [...ids] } }),
  rows: (page) => page.items,
  keyOf: (row: Position) => row.id,
  cache: { scope: 'none' },
});

const onPremises = createSubschemaBuilder();
const WeighedRef = onPremises.objectRef<{ readonly id: string }>('Parcel');
WeighedRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    grams: t.int({
      resolve: async ({ id }, _, context) => (await weightOf.load(context, id))?.grams ?? null,
    }),
  }),
});
onPremises.queryField('_weighed', (t) =>
  t.entry({ type: WeighedRef, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
);

const inCloud = createSubschemaBuilder();
const TrackedRef = inCloud.objectRef<{ readonly id: string }>('Parcel');
TrackedRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    city: t.string({
      resolve: async ({ id }, _, context) => (await positionOf.load(context, id))?.city ?? null,
    }),
  }),
});
inCloud.queryField('parcels', (t) =>
  t.field({
    type: [TrackedRef],
    args: { ids: t.arg.idList({ required: true }) },
    resolve: (_, { ids }) => ids.map((id) => ({ id })),
  }),
);
inCloud.queryField('_tracked', (t) =>
  t.entry({ type: TrackedRef, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
);

/** One type, two homes. */
export const parcels = defineBff({
  name: 'parcels',
  subschemas: [
    defineSubschema({
      backend: tracking,
      builder: inCloud,
      merge: { Parcel: { key: 'id', entry: '_tracked' } },
    }),
    defineSubschema({
      backend: scales,
      builder: onPremises,
      merge: { Parcel: { key: 'id', entry: '_weighed' } },
    }),
  ],
});
