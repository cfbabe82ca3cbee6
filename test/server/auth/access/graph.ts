import {
  createBffBuilder,
  createSubschemaBuilder,
  defineBatch,
  defineRestBackend,
} from 'tailorbird';

/** What each of the graph's fields asks: `forRead` asks for the scope `vault.read`. */
export const asks = {
  forViewer: { viewer: true },
  forRead: { scope: 'vault.read' },
  forWrite: { scope: 'vault.write' },
  forStaff: { role: 'staff' },
} as const;
export type FieldName = keyof typeof asks;
export const fieldNames = Object.keys(asks) as FieldName[];

interface Paths {
  '/values': { get: { query: { ids: readonly string[]; field: string }; response: Value[] } };
}
interface Value {
  readonly id: string;
  readonly text: string;
}
export interface Keyed {
  readonly id: string;
}

export const vault = defineRestBackend<Paths>({
  name: 'vault',
  endpoints: 'http://127.0.0.1:1',
  auth: { audience: 'urn:vault' },
});
export const shop = defineRestBackend({ name: 'shop', endpoints: 'http://127.0.0.1:1' });

/** Each value is one key of one call, kept for a minute for each viewer. */
const valueOf = defineBatch(vault, {
  name: 'valueOf',
  load: (ids: readonly string[], api, { field }: { readonly field: string }) =>
    api.get('/values', { query: { ids, field } }),
  keyOf: (value: Value) => value.id,
  value: ({ text }) => text,
  cache: { scope: 'viewer', ttlMs: 60_000 },
});

const batchOf = (field: string) => ({
  backend: valueOf.backend,
  name: field,
  load: (context: never, key: string) => valueOf.load(context, key, { field }),
  loadMany: (context: never, keys: readonly string[]) => valueOf.loadMany(context, keys, { field }),
});

const everybody = () => true;

export function vaultSchema() {
  const builder = createSubschemaBuilder();
  const fields = Object.entries(asks) as [FieldName, (typeof asks)[FieldName]][];

  // Its rules stand on the interface; what implements it says nothing.
  const Entry = builder.interfaceRef<Keyed>('Entry').implement({
    resolveType: () => 'Record',
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      ...Object.fromEntries(
        fields.map(([name, authScopes]) => [
          name,
          t.batch({ type: 'String', authScopes, batch: batchOf(name), key: ({ id }) => id }),
        ]),
      ),
    }),
  });
  const Record = builder.objectRef<Keyed>('Record').implement({ interfaces: [Entry] });

  // Its rules stand on what implements it; the interface says nothing.
  const Bare = builder.interfaceRef<Keyed>('Bare').implement({
    resolveType: () => 'Paper',
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      ...Object.fromEntries(fields.map(([name]) => [name, t.string({ resolve: () => 'bare' })])),
    }),
  });
  const Paper = builder.objectRef<Keyed>('Paper').implement({
    interfaces: [Bare],
    fields: (t) =>
      Object.fromEntries(
        fields.map(([name, authScopes]) => [
          name,
          t.batch({ type: 'String', authScopes, batch: batchOf(name), key: ({ id }) => id }),
        ]),
      ),
  });
  const Any = builder.unionType('Any', { types: [Record, Paper], resolveType: () => 'Paper' });

  // Nothing in it has a rule of its own.
  const Sealed = builder.objectRef<Value>('Sealed').implement({
    authScopes: { scope: 'vault.read' },
    fields: (t) => ({ id: t.exposeID('id'), text: t.exposeString('text') }),
  });
  // Everyone sees their own.
  const Note = builder.objectRef<Keyed & { readonly owner: string }>('Note').implement({
    authScopes: ({ owner }, { viewer }) => viewer?.subject === owner,
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      text: t.batch({ type: 'String', batch: batchOf('note'), key: ({ id }) => id }),
      later: t.string({
        authScopes: async ({ id }) => id !== 'n3' && { scope: 'vault.read' },
        resolve: ({ id }) => `later of ${id}`,
      }),
    }),
  });

  const Product = builder.objectRef<Keyed>('Product');
  Product.implement({
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      must: t.batch({
        type: 'String',
        nullable: false,
        authScopes: { scope: 'vault.read' },
        batch: batchOf('must'),
        key: ({ id }) => id,
      }),
      notes: t.field({
        type: [Note],
        authScopes: { viewer: true },
        resolve: () => ['ada', 'grace', 'ada'].map((owner, at) => ({ id: `n${at + 1}`, owner })),
      }),
      ...Object.fromEntries(
        fields.map(([name, authScopes]) => [
          name,
          t.batch({ type: 'String', authScopes, batch: batchOf(name), key: ({ id }) => id }),
        ]),
      ),
    }),
  });

  const id = (t: { arg: { id(options: { required: true }): unknown } }) => ({
    id: t.arg.id({ required: true }) as never,
  });
  const text = (context: never, field: FieldName | 'sealed') =>
    valueOf.load(context, '1', { field });
  builder.queryFields((t) => ({
    record: t.field({
      type: Record,
      args: id(t),
      authScopes: everybody,
      resolve: (_, { id }) => ({ id }),
    }),
    entry: t.field({
      type: Entry,
      args: id(t),
      authScopes: everybody,
      resolve: (_, { id }) => ({ id }),
    }),
    bare: t.field({
      type: Bare,
      args: id(t),
      authScopes: everybody,
      resolve: (_, { id }) => ({ id }),
    }),
    any: t.field({
      type: Any,
      args: id(t),
      authScopes: everybody,
      resolve: (_, { id }) => ({ id }),
    }),
    sealed: t.field({
      type: Sealed,
      resolve: async (_, _args, context) => ({
        id: '1',
        text: (await text(context as never, 'sealed')) ?? '',
      }),
    }),
    me: t.withAuth({ viewer: true }).field({
      type: Product,
      unauthorizedResolver: () => null,
      resolve: (_, _args, { viewer }) => ({ id: viewer.subject }),
    }),
    ...Object.fromEntries(
      fields.map(([name, authScopes]) => [
        name,
        t.string({ authScopes, resolve: (_, _args, context) => text(context as never, name) }),
      ]),
    ),
    _products: t.entry({ type: Product, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
  }));
  builder.mutationType({});
  builder.mutationFields((t) =>
    Object.fromEntries(
      fields.map(([name, authScopes]) => [
        name,
        t.string({ authScopes, resolve: (_, _args, context) => text(context as never, name) }),
      ]),
    ),
  );
  return builder;
}

export function shopSchema(changes: () => AsyncIterable<Keyed>) {
  const builder = createSubschemaBuilder();
  const Product = builder.objectRef<Keyed>('Product').implement({
    fields: (t) => ({
      id: t.exposeID('id', { nullable: false }),
      name: t.string({ nullable: false, resolve: ({ id }) => `product ${id}` }),
    }),
  });
  builder.queryFields((t) => ({
    product: t.field({
      type: Product,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }) => ({ id }),
    }),
    products: t.field({
      type: [Product],
      resolve: () => ['1', '2', '3'].map((id) => ({ id })),
    }),
    _shopProducts: t.entry({
      type: Product,
      keys: 'ids',
      load: (ids) => ids.map((id) => ({ id })),
    }),
  }));
  builder.subscriptionType({});
  builder.subscriptionField('changed', (t) =>
    t.field({ type: Product, subscribe: changes, resolve: (product) => product as Keyed }),
  );
  return builder;
}

interface Graph {
  Product: { readonly name: string } & Readonly<Record<FieldName, string | null>>;
  Query: object;
}

export function clientFields() {
  const builder = createBffBuilder<Graph>();
  const quote = (name: string, secret: string | null) => `${name}: ${secret ?? 'nothing'}`;
  return builder.fieldsOn('Product', (t) => ({
    quoteForViewer: t.derive({
      type: 'String',
      needs: '{ name forViewer }',
      resolve: ({ name, forViewer }) => quote(name, forViewer),
    }),
    quoteForRead: t.derive({
      type: 'String',
      needs: '{ name forRead }',
      resolve: ({ name, forRead }) => quote(name, forRead),
    }),
    quoteForWrite: t.derive({
      type: 'String',
      needs: '{ name forWrite }',
      resolve: ({ name, forWrite }) => quote(name, forWrite),
    }),
    quoteForStaff: t.derive({
      type: 'String',
      needs: '{ name forStaff }',
      resolve: ({ name, forStaff }) => quote(name, forStaff),
    }),
    notesText: t.derive({
      type: 'String',
      needs: '{ notes { text } }' as string,
      resolve: (product) => JSON.stringify(product),
    }),
    ownQuote: t.derive({
      type: 'String',
      needs: '{ name }',
      authScopes: { role: 'staff' },
      resolve: ({ name }) => name,
    }),
  }));
}
