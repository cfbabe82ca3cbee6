import { execute, parse } from 'graphql';
import {
  composeBff,
  createSubschemaBuilder,
  defineBff,
  defineRestBackend,
  defineSubschema,
  type Viewer,
} from 'tailorbird';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';

interface Thing {
  readonly id: string;
  readonly owner: string;
}

const things: readonly Thing[] = ['ada', 'grace'].map((owner, at) => ({ id: `${at + 1}`, owner }));

const builder = createSubschemaBuilder();
const Owned = builder.interfaceRef<Thing>('Owned').implement({
  authScopes: { viewer: true },
  resolveType: () => 'Thing',
  fields: (t) => ({
    id: t.exposeID('id'),
    owner: t.exposeString('owner', { authScopes: { scope: 'read' } }),
  }),
});
const Thing = builder.objectRef<Thing>('Thing');
Thing.implement({
  interfaces: [Owned],
  fields: (t) => ({
    staff: t.string({ authScopes: { role: 'staff' }, resolve: () => 'staff' }),
    both: t.string({ authScopes: { scope: 'read', role: 'staff' }, resolve: () => 'both' }),
    either: t.string({
      authScopes: { $any: { scope: 'read', role: 'staff' } },
      resolve: () => 'either',
    }),
    nested: t.string({
      authScopes: { $any: { role: 'staff', $all: { scope: 'read', viewer: true } } },
      resolve: () => 'nested',
    }),
    must: t.string({
      nullable: false,
      authScopes: { scope: 'write' },
      resolve: () => 'must',
    }),
    mine: t.string({
      authScopes: ({ owner }, _args, { viewer }) => owner === viewer?.subject,
      resolve: () => 'mine',
    }),
    soon: t.string({
      authScopes: async ({ owner }) => owner === 'ada' && { scope: 'read' },
      resolve: async () => 'soon',
    }),
    instead: t.string({
      authScopes: { scope: 'write' },
      unauthorizedResolver: ({ id }) => `instead of ${id}`,
      resolve: () => 'itself',
    }),
    own: t.string({
      authScopes: ({ owner }, _args, { viewer }) => owner === viewer?.subject,
      unauthorizedResolver: ({ owner }, _args, _context, _info, error) => {
        if (owner === 'grace') throw error;
        return `kept by ${owner}`;
      },
      resolve: () => 'own',
    }),
    other: t.field({ type: Thing, resolve: () => things[1] }),
  }),
});
const Sealed = builder.objectRef<Thing>('Sealed').implement({
  authScopes: { scope: 'read' },
  fields: (t) => ({ id: t.exposeID('id') }),
});
builder.queryFields((t) => ({
  thing: t.field({ type: Thing, resolve: () => things[0] }),
  things: t.field({ type: [Thing], resolve: () => [...things] }),
  owned: t.field({ type: Owned, resolve: () => things[1] }),
  sealed: t.field({ type: Sealed, resolve: () => things[0] }),
  args: t.string({
    args: { as: t.arg.string({ required: true }) },
    authScopes: (_, { as }) => ({ role: as }),
    resolve: (_, { as }) => `for ${as}`,
  }),
}));

/** What graphql-js answers with the plugin at work. */
const plain = builder.toSchema();
const composed = composeBff(
  defineBff({
    name: 'toy',
    subschemas: [
      defineSubschema({
        backend: defineRestBackend({ name: 'toy', endpoints: 'http://127.0.0.1:1' }),
        builder,
      }),
    ],
  }),
);
const engine = createEngine({ ...composed, schema: composed.graph });

const viewers: readonly (readonly [string, Viewer | null])[] = [
  ['nobody', null],
  ['ada with no scope', { subject: 'ada', scopes: [] }],
  ['ada who may read', { subject: 'ada', scopes: ['read'] }],
  ['grace who may do all', { subject: 'grace', scopes: ['read', 'write'] }],
  ['staff', { subject: 'eve', scopes: [], roles: ['staff'] }],
  ['staff who may read', { subject: 'ada', scopes: ['read'], roles: ['staff'] }],
];
const queries = [
  '{ thing { id owner } }',
  '{ thing { staff both either nested } }',
  '{ things { id mine soon } }',
  '{ things { own } }',
  '{ things { must } }',
  '{ thing { id other { must } } }',
  '{ thing { instead other { instead owner } } }',
  '{ owned { id ... on Thing { staff mine } ... on Owned { owner } } }',
  '{ sealed { id } a: sealed { __typename } }',
  '{ a: args(as: "staff") b: args(as: "king") }',
];

describe.each(viewers)('Pothos’ plugin under graphql-js and the engine, for %s', (_, viewer) => {
  it.each(queries)('answer %s alike', async (query) => {
    const context = () => ({ viewer, memo: new Map(), calls: [] });
    const expected = await execute({
      schema: plain,
      document: parse(query),
      contextValue: context(),
    });
    const plan = engine.prepare(query);
    if ('errors' in plan) throw plan.errors[0];
    const answer = await engine.execute(plan, { context: context() });
    if ('initialResult' in answer) throw new Error('an answer in parts');
    // The plugin refuses each object of a list, the engine the list before it is fetched.
    const paths = (errors: readonly { path?: readonly (string | number)[] | undefined }[] = []) =>
      errors.map(({ path = [] }) => path.join('.').replace(/\.\d+$/, '')).sort();
    expect(answer.data).toEqual(expected.data);
    expect(paths(answer.errors)).toEqual(paths(expected.errors));
  });
});
