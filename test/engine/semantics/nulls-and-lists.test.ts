import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schemaOf } from '../support/run.ts';
import { agree } from './agree.ts';

const later = <Value>(value: Value) => Promise.resolve(value);
const fail = () => {
  throw new Error('failed');
};
const reject = () => Promise.reject(new Error('rejected'));

/** Ways to come to nothing. */
const nothings: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  'a promise of null': () => later(null),
  'a throw': fail,
  'a rejection': reject,
  'an error': new Error('returned'),
  'a promise of an error': () => later(new Error('promised')),
};

describe('nulls and errors are those of graphql-js', () => {
  const chain = schemaOf(
    'type Part { leaf: String must: String! part: Part mustPart: Part! parts: [Part] mustParts: [Part!]! } type Query { part: Part mustPart: Part! }',
  );
  for (const [name, nothing] of Object.entries(nothings)) {
    it(`where a field is ${name}`, async () => {
      const part = (depth: number): object => ({
        leaf: nothing,
        must: depth % 2 === 0 ? nothing : 'there',
        ...(depth < 4
          ? {
              part: () => part(depth + 1),
              mustPart: () => later(part(depth + 1)),
              parts: () => [part(depth + 2), null, nothing, part(depth + 1)],
              mustParts: () => [part(depth + 1), part(depth + 2)],
            }
          : {}),
      });
      for (const selection of [
        'part { leaf }',
        'part { must }',
        'part { mustPart { must } }',
        'part { part { mustPart { mustPart { must } } } }',
        'part { parts { leaf } }',
        'part { parts { leaf part { must } } }',
        'part { mustPart { mustParts { mustPart { leaf } } } }',
        'mustPart { must }',
        'mustPart { mustPart { mustPart { mustPart { must } } } }',
        'part { again: part { must } part { part { leaf } } }',
      ]) {
        await agree(chain, `{ ${selection} }`, { rootValue: { part: part(1), mustPart: part(1) } });
      }
    });
  }

  it('where one field throws and others are rejected', async () => {
    const schema = schemaOf(
      'type Part { throws: String! rejects: String! late: String } type Query { part: Part parts: [Part!] ok: Int }',
      {
        Query: { part: () => ({}), parts: () => [{}, {}], ok: () => later(1) },
        Part: { throws: fail, late: reject },
      },
    );
    await agree(schema, '{ part { throws } ok }');
    await agree(schema, '{ part { late } parts { throws } ok }');
    await agree(schema, '{ part { ...on Part { late } } other: part { throws } ok }');
  });

  it('with the extensions and the cause of what was thrown', async () => {
    const cause = new GraphQLError('refused', { extensions: { code: 'FORBIDDEN' } });
    const schema = schemaOf('type Query { a: String b: String }', {
      Query: { a: () => Promise.reject(cause), b: () => Promise.reject({ no: 'error' }) },
    });
    const { errors } = await agree(schema, '{ a b }');
    expect(errors?.find(({ message }) => message === 'refused')?.extensions).toEqual({
      code: 'FORBIDDEN',
    });
  });
});

describe('lists are those of graphql-js', () => {
  const types = ['[Int]', '[Int]!', '[Int!]', '[Int!]!', '[[Int!]]', '[[Int]!]'];
  const schema = schemaOf(
    `type Query { ${types.map((type, at) => `list${at}: ${type}`).join(' ')} words: [String] }`,
  );
  const lists: Record<string, () => unknown> = {
    'of values': () => [1, 2],
    'of nulls': () => [1, null, 2],
    null: () => null,
    'of promises': () => [later(1), later(null), later(2)],
    'of promises of values': () => [later(1), 2],
    'with errors': () => [1, new Error('at 1'), 2],
    'with rejections': () => [1, reject(), later(2)],
    'of what does not fit': () => [1, 'two', 2.5],
    'of lists': () => [[1], [2, 3], []],
    'of lists with nulls': () => [[1], [2, null], []],
    'of lists, some null': () => [[1], null, []],
    'of lists, promised': () => [later([1, later(2)]), reject(), [later(3)]],
    'of lists, one of which is none': () => [[1], 2, new Set([3])],
    promised: () => later([1, later(2)]),
    rejected: reject,
    'that are sets': () => new Set([1, 2]),
    'that are generated': function* () {
      yield 1;
      yield 2;
    },
    'that fail while they are read': function* () {
      yield 1;
      throw new Error('no more');
    },
    'that are texts': () => 'text',
    'that are objects': () => ({ length: 2 }),
    'of holes': () => [1, , 2], // oxlint-disable-line no-sparse-arrays
  };
  for (const [name, list] of Object.entries(lists)) {
    it(name, async () => {
      for (const at of name.startsWith('of lists') ? [4, 5] : [0, 1, 2, 3]) {
        await agree(schema, `{ list${at} }`, { rootValue: { [`list${at}`]: list } });
      }
    });
  }

  it('made of an argument that was a list', async () => {
    const echo = schemaOf('type Query { words(of: [String]): [String] }', {
      Query: { words: (_: unknown, { of }: { of: unknown }) => of },
    });
    await agree(echo, '{ words(of: ["x", null]) }');
  });
});
