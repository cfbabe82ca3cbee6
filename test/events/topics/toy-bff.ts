import { z } from 'zod';
import {
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
  defineTopic,
  env,
} from '../../../src/index.ts';

/** A thing, and what it is worth, as a REST service has them. */
export interface Thing {
  readonly id: string;
  readonly value: string;
}

/** The contract of that service. */
interface Paths {
  '/things': {
    get: {
      query?: { ids?: readonly string[] };
      body?: undefined;
      response: { readonly items: readonly Thing[] };
    };
  };
}

const things = defineRestBackend<Paths>({
  name: 'things',
  endpoints: env('THINGS_URL', 'http://127.0.0.1:1'),
});

const thingById = defineBatch(things, {
  name: 'thingById',
  load: (ids: readonly string[], api) => api.get('/things', { query: { ids: [...ids] } }),
  rows: (page) => page.items,
  keyOf: (thing: Thing) => thing.id,
  tags: 'Thing',
  cache: { scope: 'public', ttlMs: 60_000 },
});

export const thingChanged = defineTopic({
  name: 'things.changed',
  schema: z.object({ id: z.string(), note: z.string().optional() }),
  key: ({ id }) => id,
  tags: ({ id }) => [`Thing:${id}`],
});

/** Drops nothing, so that nobody has to hear it who does not read it. */
export const thingSeen = defineTopic({
  name: 'things.seen',
  schema: z.object({ id: z.string(), note: z.string().optional() }),
  key: ({ id }) => id,
});

const builder = createSubschemaBuilder();
const ThingRef = builder.objectRef<{ readonly id: string; readonly value?: string }>('Thing');
ThingRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    value: t.string({
      resolve: async ({ id }, _, context) => (await thingById.load(context, id))?.value ?? null,
    }),
  }),
});
const SeenRef = builder.objectRef<{ readonly id: string; readonly note?: string | undefined }>(
  'Seen',
);
SeenRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    note: t.string({ resolve: ({ note }) => note ?? null }),
  }),
});
builder.queryField('thing', (t) =>
  t.field({
    type: ThingRef,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }) => ({ id }),
  }),
);
builder.mutationType({});
builder.mutationField('change', (t) =>
  t.field({
    type: ThingRef,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, context) => {
      await thingChanged.publish(context, { id });
      return { id };
    },
  }),
);
builder.mutationField('see', (t) =>
  t.field({
    type: SeenRef,
    args: { id: t.arg.id({ required: true }), note: t.arg.string() },
    resolve: async (_, { id, note }, context) => {
      const event = { id, ...(note != null && { note }) };
      await thingSeen.publish(context, event);
      return event;
    },
  }),
);
builder.subscriptionType({});
builder.subscriptionField('thingChanged', (t) =>
  t.field({
    type: ThingRef,
    args: { id: t.arg.id() },
    subscribe: (_, { id }, context) => thingChanged.subscribe(context, { key: id ?? undefined }),
    resolve: ({ id }) => ({ id }),
  }),
);
builder.subscriptionField('seen', (t) =>
  t.field({
    type: SeenRef,
    args: { id: t.arg.id() },
    subscribe: (_, { id }, context) => thingSeen.subscribe(context, { key: id ?? undefined }),
    resolve: (event) => event,
  }),
);

export const toy = defineBff({
  name: 'toy',
  subschemas: [defineSubschema({ backend: things, builder, topics: [thingChanged, thingSeen] })],
});
