import { buildSchema } from 'graphql';
import {
  composeBff,
  createBffBuilder,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineGraphqlBackend,
  defineRestBackend,
  defineSubschema,
  type Subschema,
} from 'tailorbird';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { JsonText } from '../../src/engine/text.ts';

type Builder = ReturnType<typeof createSubschemaBuilder>;
type Merge = Parameters<typeof defineSubschema>[0]['merge'];

/** A subschema whose backend takes tokens, and so has data of viewers. */
function vault(build: (builder: Builder) => void, merge: Merge = {}): Subschema {
  const builder = createSubschemaBuilder();
  build(builder);
  return defineSubschema({
    backend: defineRestBackend({
      name: 'vault',
      endpoints: 'http://127.0.0.1:1',
      auth: { audience: 'urn:vault' },
    }),
    builder,
    merge,
  });
}

function shop(): Subschema {
  const builder = createSubschemaBuilder();
  const Product = builder.objectRef<{ id: string }>('Product').implement({
    fields: (t) => ({ id: t.exposeID('id', { nullable: false }) }),
  });
  builder.queryFields((t) => ({
    product: t.field({ type: Product, resolve: () => ({ id: '1' }) }),
    _shopProducts: t.entry({
      type: Product,
      keys: 'ids',
      load: (ids) => ids.map((id) => ({ id })),
    }),
  }));
  return defineSubschema({
    backend: defineRestBackend({ name: 'shop', endpoints: 'http://127.0.0.1:1' }),
    builder,
    merge: { Product: { key: 'id', entry: '_shopProducts' } },
  });
}

const compose = (...subschemas: Subschema[]) => composeBff(defineBff({ name: 'toy', subschemas }));

const field = (options: object) => (builder: Builder) =>
  builder.queryField('secret', (t) => t.string({ resolve: () => 's', ...options }));

describe('a subschema with data of viewers', () => {
  it('is refused while a way in has no rule, by name and with the remedy', () => {
    expect(() =>
      compose(
        vault((builder) => {
          field({})(builder);
          builder.mutationType({ fields: (t) => ({ write: t.string({ resolve: () => '' }) }) });
          builder.subscriptionType({
            fields: (t) => ({
              changed: t.string({ subscribe: () => [] as never, resolve: () => '' }),
            }),
          });
        }),
      ),
    ).toThrow(
      /^test\/bff\/access\.test\.ts:\d+: the "vault" subschema has data of viewers \(it takes tokens for "urn:vault"\), and no rule for Query\.secret, Mutation\.write, Subscription\.changed; give the field or its type authScopes, such as \{ viewer: true \}/,
    );
  });

  it('is one whose batch keeps values for each viewer, too', () => {
    const backend = defineRestBackend({ name: 'kept', endpoints: 'http://127.0.0.1:1' });
    const builder = createSubschemaBuilder();
    field({})(builder);
    const subschema = defineSubschema({ backend, builder });
    expect(() => compose(subschema)).not.toThrow();
    defineBatch(backend, {
      name: 'mine',
      load: (ids: readonly string[]) => Promise.resolve(ids),
      keyOf: (id) => id,
      cache: { scope: 'viewer', ttlMs: 1_000 },
    });
    expect(() => compose(subschema)).toThrow(
      "has data of viewers (a batch over it has cache.scope 'viewer'), and no rule for Query.secret",
    );
  });

  it('needs a rule for what its merged types add, and none for their keys', () => {
    const withSecret = (authScopes?: object) =>
      compose(
        shop(),
        vault(
          (builder) => {
            const Product = builder.objectRef<{ id: string }>('Product').implement({
              fields: (t) => ({
                id: t.exposeID('id', { nullable: false }),
                secret: t.string({ resolve: () => 's', ...(authScopes && { authScopes }) }),
              }),
            });
            builder.queryField('_products', (t) =>
              t.entry({ type: Product, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
            );
          },
          { Product: { key: 'id', entry: '_products' } },
        ),
      );
    expect(() => withSecret()).toThrow('no rule for Product.secret; give');
    expect(() => withSecret({ viewer: true })).not.toThrow();
  });

  it.each([
    ['the field', { authScopes: { viewer: true } }],
    ['a function of the field', { authScopes: () => true }],
  ])('has a rule where %s has one', (_, options) => {
    expect(() => compose(vault(field(options)))).not.toThrow();
  });

  it('has a rule where the type that a field gives has one', () => {
    expect(() =>
      compose(
        vault((builder) => {
          const Note = builder.objectRef<object>('Note').implement({
            authScopes: { viewer: true },
            fields: (t) => ({ text: t.string({ resolve: () => '' }) }),
          });
          builder.queryField('notes', (t) => t.field({ type: [Note], resolve: () => [] }));
        }),
      ),
    ).not.toThrow();
  });
});

describe('a declaration', () => {
  const at = /^test\/bff\/access\.test\.ts:\d+: Query\.secret /;
  it.each([
    [{ authScopes: { scoupe: 'x' } }, 'asks for the scope "scoupe", which there is not; write'],
    [{ authScopes: { scoupe: 'x' } }, 'Did you mean "scope"?'],
    [{ authScopes: {} }, 'has authScopes that ask for nothing'],
    [{ authScopes: { viewer: false } }, 'asks for viewer: false; write viewer: true'],
    [{ authScopes: { scope: '' } }, 'asks for scope: ""; write scope: and its name'],
    [{ authScopes: { $any: {} } }, 'has authScopes that ask for nothing'],
    [{ authScopes: { $granted: 'x' } }, 'asks for $granted'],
    [{ authScopes: { viewer: true }, skipTypeScopes: true }, 'has the option skipTypeScopes'],
    [{ authScopes: { viewer: true }, grantScopes: ['x'] }, 'has the option grantScopes'],
    [{ authScopes: { viewer: true }, unauthorizedError: () => '' }, 'option unauthorizedError'],
  ])('%j stops the start: %s', (options, message) => {
    const composing = () => compose(vault(field(options)));
    expect(composing).toThrow(message);
    expect(composing).toThrow(at);
  });

  it('with a function can’t stand on a type that another subschema has, too', () => {
    expect(() =>
      compose(
        shop(),
        vault(
          (builder) => {
            const Product = builder.objectRef<{ id: string }>('Product').implement({
              authScopes: () => true,
              fields: (t) => ({ id: t.exposeID('id', { nullable: false }) }),
            });
            builder.queryField('_products', (t) =>
              t.entry({ type: Product, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
            );
          },
          { Product: { key: 'id', entry: '_products' } },
        ),
      ),
    ).toThrow(
      'Product has a function in authScopes, which reads objects of its own subschema, but the "shop" subschema has Product as well',
    );
  });

  it('has nothing to answer in place of a subscription', () => {
    expect(() =>
      compose(
        vault((builder) => {
          field({ authScopes: { viewer: true } })(builder);
          builder.subscriptionType({
            fields: (t) => ({
              changed: t.string({
                authScopes: { viewer: true },
                unauthorizedResolver: () => null,
                subscribe: () => [] as never,
                resolve: () => '',
              }),
            }),
          });
        }),
      ),
    ).toThrow('Subscription.changed has an unauthorizedResolver');
  });

  it('of a root type is for the fields of its own subschema', () => {
    const other = createSubschemaBuilder();
    other.mutationType({ fields: (t) => ({ other: t.string({ resolve: () => 'done' }) }) });
    const { access } = compose(
      vault((builder) => {
        field({ authScopes: { viewer: true } })(builder);
        builder.mutationType({
          authScopes: { viewer: true },
          fields: (t) => ({ write: t.string({ resolve: () => '' }) }),
        });
      }),
      defineSubschema({
        backend: defineRestBackend({ name: 'other', endpoints: 'http://127.0.0.1:1' }),
        builder: other,
      }),
    );
    const rules = (name: string) =>
      access.ofField('Mutation', name)?.rules.map((rule) => rule.name) ?? [];
    expect([rules('write'), rules('other')]).toEqual([['viewer'], []]);
  });
});

describe('a GraphQL backend', () => {
  const asked: string[] = [];
  const remote = (authScopes: Parameters<typeof defineSubschema>[0]['authScopes']) =>
    composeBff(
      defineBff({
        name: 'toy',
        subschemas: [
          defineSubschema({
            backend: defineGraphqlBackend({
              name: 'remote',
              endpoints: 'http://127.0.0.1:1',
              auth: { audience: 'urn:remote' },
            }),
            builder: buildSchema(
              'type Query { open: Order order: Order } type Order { id: ID! total: Int note: String }',
            ),
            ...(authScopes && { authScopes }),
          }),
        ],
        tailor: {},
      }),
    );

  function engineOf(composed: ReturnType<typeof remote>) {
    const subschemas = composed.subschemas.map((config) => ({
      ...config,
      executor: (({ document }: { document: { loc?: unknown } }) => {
        asked.push(
          JSON.stringify(document)
            .match(/"value":"(?:order|open|id|total|note)"/g)
            ?.join() ?? '',
        );
        return { data: { order: { __typename: 'Order', id: '1', note: 'n' }, open: null } };
      }) as never,
    }));
    return createEngine({ ...composed, subschemas, schema: composed.graph });
  }

  it('has its rules by coordinate, and is not asked for what they refuse', async () => {
    const engine = engineOf(
      remote({ Query: { viewer: true }, 'Order.total': { scope: 'orders.totals' } }),
    );
    const plan = engine.prepare('{ order { id total note } }');
    if ('errors' in plan) throw plan.errors[0];
    asked.length = 0;
    const viewer = { subject: 'ada', scopes: [] };
    const result = await engine.execute(plan, { context: { viewer } });
    expect(result).toMatchObject({
      data: { order: { id: '1', total: null, note: 'n' } },
      errors: [{ path: ['order', 'total'], extensions: { code: 'FORBIDDEN' } }],
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).not.toContain('total');
    expect(await engine.execute(plan, { context: { viewer: null } })).toMatchObject({
      data: { order: null },
      errors: [{ path: ['order'], extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(asked).toHaveLength(1);
  });

  it('is refused without, and for a coordinate that it has not', () => {
    expect(() => remote(undefined)).toThrow('no rule for Query.open, Query.order');
    expect(() => remote({ 'Order.totl': { viewer: true } })).toThrow(
      'the "remote" subschema: authScopes names "Order.totl", which is no object type, interface or field of it. Did you mean "Order.total"?',
    );
  });
});

describe('the plan', () => {
  it('says what it asks of whom', () => {
    const composed = compose(
      vault(field({ authScopes: { $any: { role: 'staff', viewer: true } } })),
    );
    const engine = createEngine({ ...composed, schema: composed.graph });
    const plan = engine.prepare('{ secret }');
    if ('errors' in plan) throw plan.errors[0];
    expect(engine.explain(plan)).toContain('secret (asks for any of (role: "staff", viewer))');
  });

  it('decides anew for each event', async () => {
    const builder = createSubschemaBuilder();
    builder.subscriptionType({
      fields: (t) => ({
        ticks: t.string({
          authScopes: { scope: 'ticks' },
          subscribe: async function* () {
            yield 'one';
            yield 'two';
          },
          resolve: (tick) => String(tick),
        }),
      }),
    });
    field({})(builder);
    const composed = compose(
      defineSubschema({
        backend: defineRestBackend({ name: 'clock', endpoints: 'http://127.0.0.1:1' }),
        builder,
      }),
    );
    const engine = createEngine({ ...composed, schema: composed.graph });
    const plan = engine.prepare('subscription { ticks }');
    if ('errors' in plan) throw plan.errors[0];
    const may = { viewer: { subject: 'ada', scopes: ['ticks'] } };
    const contexts = [may, { viewer: { subject: 'ada', scopes: [] } }];
    const subscribed = await engine.subscribe(plan, { context: may });
    if (!('events' in subscribed)) throw new Error('there are no events');
    const results: unknown[] = [];
    for await (const event of subscribed.events) {
      const answer = await subscribed.answer(event, { context: contexts.shift() });
      results.push(answer instanceof JsonText ? answer.toString() : answer);
    }
    expect(results).toMatchObject([
      '{"data":{"ticks":"one"}}',
      { data: { ticks: null }, errors: [{ path: ['ticks'], extensions: { code: 'FORBIDDEN' } }] },
    ]);
    expect(await engine.subscribe(plan, { context: { viewer: null } })).toMatchObject({
      errors: [{ path: ['ticks'], extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('of a client’s own root field is asked with what it needs', async () => {
    const builder = createBffBuilder<{ Query: { product: { id: string } | null } }>();
    const fields = builder.fieldsOn('Query', (t) => ({
      label: t.derive({
        type: 'String',
        needs: '{ product { id } }',
        authScopes: ({ product }) => product?.id === '1',
        resolve: ({ product }) => `label ${product?.id}`,
      }),
    }));
    const composed = composeBff(defineBff({ name: 'toy', subschemas: [shop()], fields: [fields] }));
    const engine = createEngine({ ...composed, schema: composed.graph });
    const plan = engine.prepare('{ label }');
    if ('errors' in plan) throw plan.errors[0];
    expect(await engine.execute(plan, { context: { viewer: null } })).toEqual({
      data: { label: 'label 1' },
    });
  });
});
