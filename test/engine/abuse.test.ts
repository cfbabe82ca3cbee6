import { describe, expect, it } from 'vitest';
import { createEngine, type EngineOptions } from '../../src/engine/engine.ts';
import { engineOf, errorTexts, run, schemaOf } from './support/run.ts';

const schema = schemaOf(
  'type User { id: ID! name: String } type Query { user: User _users(ids: [ID!]!): [User] }',
);
const create = (subschema: object, resolvers?: EngineOptions['resolvers']) => () =>
  createEngine({
    schema,
    subschemas: [{ name: 'users', schema, ...subschema }],
    ...(resolvers ? { resolvers } : {}),
  });

describe('createEngine refuses', () => {
  it('transforms', () => {
    expect(create({ transforms: [{}] })).toThrow('users: the engine does not plan transforms');
  });

  it('an entry that does not exist, or has no key', () => {
    const argsFromKeys = (ids: readonly unknown[]) => ({ ids });
    expect(
      create({ merge: { User: { selectionSet: '{ id }', fieldName: '_user', argsFromKeys } } }),
    ).toThrow('users: merge.User.fieldName "_user" is not a field of its Query');
    expect(create({ merge: { User: { fieldName: '_users', argsFromKeys } } })).toThrow(
      'users: merge.User has no selectionSet; name the key, as in "{ id }"',
    );
  });

  it('a merge resolver of its own', () => {
    expect(create({ merge: { User: { selectionSet: '{ id }', resolve: () => null } } })).toThrow(
      'users: merge.User.resolve cannot be planned',
    );
  });

  it('derived fields that need themselves', () => {
    const resolvers = {
      User: {
        name: { selectionSet: '{ id }', resolve: () => '' },
        id: { selectionSet: '{ name }', resolve: () => '' },
      },
    };
    expect(create({}, resolvers)).toThrow(
      'User.name needs itself (User.name → User.id → User.name)',
    );
  });
});

describe('a declared column', () => {
  it('has to give a value per parent', async () => {
    const short = schemaOf('type User { name: String } type Query { users: [User] }', {
      Query: { users: () => [{}, {}] },
    });
    const user = short.getType('User') as unknown as {
      getFields(): { name: { extensions: object } };
    };
    user.getFields().name.extensions = { tailorbird: { column: () => ['one'] } };
    const { data, errors } = await run(engineOf([{ schema: short }]), '{ users { name } }');
    expect(data).toEqual({ users: [{ name: null }, { name: null }] });
    expect(errorTexts(errors)[0]).toBe(
      'users.0.name: User.name: its column must return a value or an Error per parent: expected 2 values, but got 1 values',
    );
  });
});
