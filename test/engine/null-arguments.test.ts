import type { ExecutionRequest } from '@graphql-tools/utils';
import { execute } from 'graphql';
import { describe, expect, it } from 'vitest';
import { engineOf, run, schemaOf } from './support/run.ts';

const at = (_: unknown, { n }: { n: number }) => n;
const schema = schemaOf(
  /* GraphQL */ `
    type Query { at(n: Int!): Int byDefault(n: Int! = 3): Int in(filter: Filter): Int row: Row }
    type Row { at(n: Int!): Int }
    input Filter { n: Int! = 3 }
    type Subscription { heard(n: Int!): Int }
  `,
  {
    Query: { at, byDefault: at, in: () => 1, row: () => ({}) },
    Row: { at },
    Subscription: { heard: { subscribe: async function* () {} } },
  },
);
const remote = {
  schema,
  executor: ({ document, variables }: ExecutionRequest) =>
    execute({ schema, document, variableValues: variables ?? {} }) as never,
};

describe.each([
  ['resolvers', { schema }],
  ['a remote backend', remote],
])('null for a variable, of a field of %s,', (_, subschema) => {
  const engine = engineOf([subschema]);

  it.each([
    ['with a default', 'query ($n: Int = 40) { at(n: $n) }', 'at'],
    ['whose argument has a default', 'query ($n: Int) { byDefault(n: $n) }', 'byDefault'],
    ['whose input field has a default', 'query ($n: Int) { in(filter: { n: $n }) }', 'in'],
    ['with a default, further down', 'query ($n: Int = 40) { row { at(n: $n) } }', 'row'],
  ])('%s is the client’s error', async (_default, source, field) => {
    const { errors = [], data } = await run(engine, source, { variables: { n: null } });
    expect(data).toHaveProperty(field);
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(
          /^Argument ".+" (?:of non-null type .+ must not be null|has invalid value .+)\.$/,
        ),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(errors[0]?.path?.[0]).toBe(field);
    expect((await run(engine, source)).errors).toBeUndefined();
  });

  it('is the client’s error of a subscription', async () => {
    const plan = engine.prepare('subscription ($n: Int = 40) { heard(n: $n) }');
    if ('errors' in plan) expect.fail();
    expect(await engine.subscribe(plan, { variables: { n: null }, context: {} })).toMatchObject({
      errors: [{ path: ['heard'], extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

it('an argument that a derived field’s own needs get wrong is not the client’s', async () => {
  const engine = engineOf([{ schema }], {
    typeDefs: 'extend type Query { derived(n: Int): Int }',
    resolvers: {
      Query: {
        derived: {
          needs: 'query ($n: Int = 3) { at(n: $n) }',
          resolve: ({ at: value }: { at: number }) => value,
        },
      },
    },
  });
  const { errors } = await run(engine, '{ derived(n: null) }');
  expect(errors).toMatchObject([{ path: ['derived'] }]);
  expect(errors?.[0]?.extensions).not.toHaveProperty('code');
});
