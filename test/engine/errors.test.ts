import { execute } from 'graphql';
import type { ExecutionRequest } from '@graphql-tools/utils';
import type { SubschemaConfig } from '@graphql-tools/delegate';
import { describe, expect, it } from 'vitest';
import { byId, engineOf, errorTexts, run, schemaOf } from './support/run.ts';

const fail = (message: string) => () => {
  throw new Error(message);
};

/** A subschema that gets documents, answered by graphql-js. */
function remoteOf(typeDefs: string, resolvers: Record<string, unknown>): SubschemaConfig {
  const schema = schemaOf(typeDefs, resolvers);
  return {
    schema,
    executor: ({ document, variables }: ExecutionRequest) =>
      execute({ schema, document, variableValues: variables ?? {} }) as never,
  };
}

describe('errors of an answer', () => {
  it('come in the order of the answer, those of items between those below other items', async () => {
    const schema = schemaOf(
      'union Any = Row | Other type Other { id: ID } type Row { cell: Int } type Query { rows: [[Row]] any: [Any] last: Int }',
      {
        Any: { __resolveType: ({ kind }: { kind: string }) => kind },
        Row: { cell: fail('cell') },
        Query: {
          rows: () => [[{}, new Error('item'), {}], new Error('list'), [{}]],
          any: () => [{ kind: 'Row' }, { kind: 'None' }, { kind: 'Row' }, new Error('item')],
          last: fail('last'),
        },
      },
    );
    const { errors } = await run(
      engineOf([{ schema }]),
      '{ rows { cell } any { ... on Row { cell } } last }',
    );
    expect(errors?.map(({ path }) => path?.join('.'))).toEqual([
      'rows.0.0.cell',
      'rows.0.1',
      'rows.0.2.cell',
      'rows.1',
      'rows.2.0.cell',
      'any.0.cell',
      'any.1',
      'any.2.cell',
      'any.3',
      'last',
    ]);
  });

  it('name what made a list within a list null at a remote backend, not what failed beside', async () => {
    const remote = remoteOf('type Row { cell: Int } type Query { rows: [[Row!]] }', {
      Row: { cell: fail('cell') },
      Query: { rows: () => [[{}], [{}, new Error('item')]] },
    });
    const { data, errors } = await run(engineOf([remote]), '{ rows { cell } }');
    expect(data).toEqual({ rows: [[{ cell: null }], null] });
    expect(errorTexts(errors)).toEqual(['rows.0.0.cell: cell', 'rows.1.1: item']);
  });

  it('name the field that took an object and its key along, not one that needs the key', async () => {
    const rows = schemaOf('type Row { code: ID! } type Query { rows: [Row] }', {
      Query: { rows: () => [{ code: 'a' }] },
    });
    const keys = remoteOf(
      'type Row { code: ID! id: ID must: Int! } type Query { _byCode(codes: [ID!]!): [Row] }',
      {
        Row: { must: fail('must') },
        Query: {
          _byCode: (_: unknown, { codes }: { codes: string[] }) =>
            codes.map((code) => ({ code, id: code })),
        },
      },
    );
    const names = schemaOf(
      'type Row { id: ID name: String! } type Query { _byId(ids: [ID!]!): [Row] }',
    );
    const engine = engineOf([
      { schema: rows },
      {
        ...keys,
        merge: {
          Row: {
            selectionSet: '{ code }',
            fieldName: '_byCode',
            key: ({ code }) => code as unknown,
            argsFromKeys: (codes) => ({ codes }),
          },
        },
      },
      { schema: names, merge: { Row: byId('_byId') } },
    ]);
    const { data, errors } = await run(engine, '{ rows { name must } }');
    expect(data).toEqual({ rows: [null] });
    expect(errorTexts(errors)).toEqual(['rows.0.must: must']);
  });
});
