import type { ExecutionRequest } from '@graphql-tools/utils';
import { execute, GraphQLError, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { byId, engineOf, errorTexts, run, schemaOf } from './support/run.ts';

const sent: { query: string; variables: unknown }[] = [];
const schema = schemaOf(
  'enum Sort { UP DOWN } type User { id: ID! name(upper: Boolean): String friends: [User!] must: String! } union Thing = User | Robot type Robot { id: ID! model: String } type Query { users(sort: Sort, first: Int = 2): [User] things: [Thing] _users(ids: [ID!]!): [User] bad: String down: String } type Mutation { add(name: String!): User }',
  {
    Sort: { UP: 1, DOWN: 2 },
    Query: {
      users: (_: unknown, { sort, first }: { sort?: number; first: number }) =>
        [...Array(first).keys()].map((id) => ({ id, name: `${id} ${sort}` })),
      things: () => [
        { __typename: 'Robot', id: 1, model: 'R2' },
        { __typename: 'User', id: 2, name: 'Lea' },
      ],
      _users: (_: unknown, { ids }: { ids: string[] }) =>
        ids.map((id) => ({ id, name: `user ${id}` })),
      bad: () => {
        throw new GraphQLError('refused', { extensions: { code: 'FORBIDDEN' } });
      },
    },
    User: {
      name: ({ name }: { name: string }, { upper }: { upper?: boolean }) =>
        upper ? name.toUpperCase() : name,
      friends: () => [{ id: 7, name: 'friend' }],
      must: () => {
        throw new Error('must failed');
      },
    },
    Mutation: { add: (_: unknown, { name }: { name: string }) => ({ id: 9, name }) },
  },
);
const remote = {
  name: 'users',
  schema,
  merge: { User: byId('_users') },
  executor: ({ document, variables, context }: ExecutionRequest) => {
    const query = print(document).replace(/\s+/g, ' ').trim();
    sent.push({ query, variables });
    if (query.includes('down')) throw new Error('connection refused');
    return execute({
      schema,
      document,
      variableValues: variables ?? {},
      contextValue: context,
    }) as never;
  },
};
const local = {
  schema: schemaOf(
    'type User { id: ID! } type Post { id: ID! author: User } type Query { posts: [Post] }',
    {
      Query: { posts: () => [1, 2, 1].map((id) => ({ id, author: { id } })) },
    },
  ),
};
const engine = engineOf([remote, local]);
const ask = (source: string, variables = {}) => {
  sent.length = 0;
  return run(engine, source, { variables });
};

describe('a remote subschema', () => {
  it('gets one document for all it is asked at one place', async () => {
    const { data } = await ask(
      'query Q($s: Sort, $u: Boolean = true) { all: users(sort: $s) { id loud: name(upper: $u) name } users(first: 1) { friends { name } } }',
      { s: 'DOWN' },
    );
    expect(sent).toEqual([
      {
        query:
          'query Q($v0: Sort, $v1: Boolean) { users(sort: $v0) { id name(upper: $v1) name_1: name } users_2: users(first: 1) { friends { name } } }',
        variables: { v0: 'DOWN', v1: true },
      },
    ]);
    expect(data).toEqual({
      all: [
        { id: '0', loud: '0 2', name: '0 2' },
        { id: '1', loud: '1 2', name: '1 2' },
      ],
      users: [{ friends: [{ name: 'friend' }] }],
    });
  });

  it('gets the keys of a merge once, through its entry', async () => {
    const { data } = await ask('{ posts { author { name } } }');
    expect(sent).toEqual([
      { query: 'query ($k0: [ID!]!) { _users(ids: $k0) { name } }', variables: { k0: ['1', '2'] } },
    ]);
    expect(data).toMatchObject({ posts: [{ author: { name: 'user 1' } }, {}, {}] });
  });

  it('tells its types', async () => {
    const { data } = await ask(
      '{ things { __typename ... on User { name } ... on Robot { model } } }',
    );
    expect(data).toEqual({
      things: [
        { __typename: 'Robot', model: 'R2' },
        { __typename: 'User', name: 'Lea' },
      ],
    });
  });

  it('is not asked for what is skipped', async () => {
    await ask('query ($n: Boolean!) { users { id name @include(if: $n) } }', { n: false });
    expect(sent[0]?.query).toBe('{ users { id } }');
  });

  it('has its errors placed where the client asked, with their extensions', async () => {
    const { data, errors } = await ask(
      '{ no: bad u: users(first: 1) { id m: must } posts { a: author { x: must } } }',
    );
    expect(data).toEqual({ no: null, u: [null], posts: [{ a: null }, { a: null }, { a: null }] });
    expect(errorTexts(errors)).toEqual([
      'no: refused',
      'posts.0.a.x: must failed',
      'posts.1.a.x: must failed',
      'posts.2.a.x: must failed',
      'u.0.m: must failed',
    ]);
    expect(errors?.find(({ path }) => path?.[0] === 'no')?.extensions).toEqual({
      code: 'FORBIDDEN',
    });
  });

  it('fails each of its root fields when it cannot be reached', async () => {
    const { data, errors } = await ask('{ down posts { id } }');
    expect(data).toEqual({ down: null, posts: [{ id: '1' }, { id: '2' }, { id: '1' }] });
    expect(errorTexts(errors)).toEqual(['down: connection refused']);
  });

  it('runs mutations', async () => {
    const { data } = await ask('mutation ($n: String!) { add(name: $n) { id name } }', { n: 'Bo' });
    expect(sent[0]?.query).toBe('mutation ($v0: String!) { add(name: $v0) { id name } }');
    expect(data).toEqual({ add: { id: '9', name: 'Bo' } });
  });
});
