/**
 * The bff that the server's rows are about, as a process in production profile. Env: what every bff
 * reads, `OPERATIONS`, a folder for its manifest, and `LIMITS`, as JSON.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import {
  bearerAuth,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
  env,
  type Limits,
  serveBff,
} from 'tailorbird';
import { operations } from './operations.ts';

interface Item {
  readonly id: string;
  readonly name: string;
}
interface Person {
  readonly id: string;
  readonly seenBy: string;
}
interface Face extends Item {
  readonly size: number;
  readonly near: readonly Item[];
}

const items = defineRestBackend({
  name: 'items',
  endpoints: env('ITEMS_URL', 'http://127.0.0.1:1'),
});
const people = defineRestBackend({
  name: 'people',
  endpoints: env('PEOPLE_URL', 'http://127.0.0.1:1'),
  auth: { audience: 'urn:people' },
});
/** Each of its answers is to be seen, so nothing stands between. */
const broken = defineRestBackend({
  name: 'broken',
  endpoints: env('BROKEN_URL', 'http://127.0.0.1:1'),
  policy: { breaker: false },
});

const itemById = defineBatch(items, {
  name: 'itemById',
  load: async (ids: readonly string[], api) =>
    ((await api.get('/items', { query: { ids } })) as { items: Item[] }).items,
  keyOf: ({ id }: Item) => id,
  cache: { scope: 'public', ttlMs: 2_000, staleWhileRevalidateMs: 0 },
});
const personById = defineBatch(people, {
  name: 'personById',
  load: async (ids: readonly string[], api) =>
    ((await api.get('/people', { query: { ids } })) as { items: Person[] }).items,
  keyOf: ({ id }: Person) => id,
  cache: { scope: 'viewer', ttlMs: 1_000 },
});

const itemsBuilder = createSubschemaBuilder();
const ItemRef = itemsBuilder.objectRef<Item>('Item').implement({
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name') }),
});
const FaceRef = itemsBuilder.objectRef<Face>('Face').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    size: t.exposeInt('size'),
    near: t.field({ type: [ItemRef], resolve: ({ near }) => near }),
  }),
});
itemsBuilder.queryFields((t) => ({
  item: t.field({
    type: ItemRef,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => itemById.load(context, id),
  }),
  crowd: t.field({
    type: [FaceRef],
    args: { salt: t.arg.id({ required: true }) },
    resolve: async (_, { salt }, context) =>
      (await items.api(context).get('/crowd', { query: { salt } })) as Face[],
  }),
}));

const peopleBuilder = createSubschemaBuilder();
const PersonRef = peopleBuilder.objectRef<Person>('Person').implement({
  authScopes: { viewer: true },
  fields: (t) => ({ id: t.exposeID('id'), seenBy: t.exposeString('seenBy') }),
});
peopleBuilder.queryFields((t) => ({
  me: t.withAuth({ viewer: true }).field({
    type: PersonRef,
    resolve: (_, _args, context) => personById.load(context, context.viewer.subject),
  }),
  person: t.withAuth({ viewer: true }).field({
    type: PersonRef,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => personById.load(context, id),
  }),
  whoami: t.withAuth({ viewer: true }).string({
    resolve: async (_, _args, context) =>
      ((await people.api(context).get('/whoami')) as Person).seenBy,
  }),
}));

const brokenBuilder = createSubschemaBuilder();
const ValueRef = brokenBuilder.objectRef<{ readonly value: string }>('Value').implement({
  fields: (t) => ({ value: t.exposeString('value') }),
});
brokenBuilder.queryFields((t) => ({
  broken: t.field({
    type: ValueRef,
    args: { kind: t.arg.id({ required: true }) },
    resolve: async (_, { kind }, context) =>
      (await broken.api(context).get('/broken/{kind}', { params: { kind } })) as { value: string },
  }),
}));

const folder = process.env['OPERATIONS'] ?? '';
const manifest = Object.fromEntries(
  Object.values(operations).map((text) => [
    `sha256:${createHash('sha256').update(text).digest('hex')}`,
    text,
  ]),
);
mkdirSync(`${folder}/generated/1.0.0`, { recursive: true });
writeFileSync(`${folder}/generated/1.0.0/persisted-documents.json`, JSON.stringify(manifest));

// What was freed is given back before memory is measured.
process.on('message', (message) => {
  if (message !== 'collect') return;
  globalThis.gc?.();
  process.send?.({ residentBytes: process.memoryUsage.rss() });
});

await serveBff(
  defineBff({
    name: 'server-faults',
    subschemas: [
      defineSubschema({ backend: items, builder: itemsBuilder }),
      defineSubschema({ backend: people, builder: peopleBuilder }),
      defineSubschema({ backend: broken, builder: brokenBuilder }),
    ],
    operations: folder,
    limits: JSON.parse(process.env['LIMITS'] ?? '{}') as Partial<Limits>,
  }),
  {
    port: 0,
    adminPort: 0,
    auth: bearerAuth({ audience: 'urn:faults', clientId: 'faults', developmentSecret: 'faults' }),
  },
);
