import { GraphQLError, GraphQLScalarType, type ValueNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schemaOf } from '../support/run.ts';
import { agree } from './agree.ts';

const echo = (_: unknown, args: object) => JSON.stringify(args);
const given = (_: unknown, args: { input?: unknown }) =>
  'input' in args ? String(JSON.stringify(args.input)) : 'nothing';

const Secret = new GraphQLScalarType({
  name: 'Secret',
  parseValue: (value) => {
    if (value !== 'open') throw new GraphQLError('wrong word', { extensions: { code: 'WORD' } });
    return 'opened';
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind === 'StringValue' && node.value === 'open') return 'opened';
    throw new Error('wrong word');
  },
});

const schema = schemaOf(
  `
  scalar Secret
  enum Kind { NULL NAN NO CUSTOM }
  input Nested { must: String! }
  input Box { a: String, b: [String], c: String!, d: Secret, e: Kind, n: Nested, deep: [[Nested!]!] }
  input One @oneOf { left: String, right: Int }
  type Query {
    box(input: Box): String
    nullable(input: String): String
    must(input: String!): String
    withDefault(input: String = "default"): String
    mustWithDefault(input: String! = "default"): String
    boxWithDefault(input: Box = { c: "of the schema", b: "one" }): String
    kind(input: Kind): String
    mustKind(input: Kind!): String
    list(input: [String]): String
    mustList(input: [String]!): String
    listOfMust(input: [String!]): String
    mustListOfMust(input: [String!]!): String
    lists(input: [[Int]]): String
    one(input: One!): String
    id(input: ID): String
    float(input: Float): String
    int(input: Int): String
    yes(input: Boolean): String
    several(b: Int = 2, a: Int, c: [Int!] = [1]): String
  }
  `,
  {
    Secret,
    Kind: { NULL: null, NAN: Number.NaN, NO: false, CUSTOM: 'own value' },
    Query: {
      ...Object.fromEntries(
        `box nullable must withDefault mustWithDefault boxWithDefault kind mustKind
         list mustList listOfMust mustListOfMust lists one id float int yes`
          .split(/\s+/)
          .map((name) => [name, given]),
      ),
      several: echo,
    },
  },
);

type Case = readonly [source: string, variables?: Record<string, unknown>];

/** Each has to come to what graphql-js makes of it: a value, an error of the field, or a refusal. */
const cases: Record<string, readonly Case[]> = {
  'objects written out': [
    ['{ box(input: { a: "x", b: ["y"], c: "z" }) }'],
    ['{ box(input: { b: "alone", c: "z" }) }'],
    ['{ box(input: { a: null, b: null, c: "z", d: null }) }'],
    ['{ box(input: { b: ["x", null, "y"], c: "z" }) }'],
    ['{ box(input: ["x", "y"]) }'],
    ['{ box(input: { c: "z", d: "open" }) }'],
    ['{ box(input: { c: "z", d: "shut" }) }'],
    ['{ box(input: null) }'],
    ['query ($c: String!) { box(input: { c: $c, a: $c, n: { must: $c } }) }', { c: 'inside' }],
    ['query ($a: String) { box(input: { c: "z", a: $a }) }'],
    ['query ($a: String, $b: [String]) { box(input: { c: "z", a: $a, b: [$a] }) list(input: $b) }'],
  ],
  'objects as variables': [
    ['query ($v: Box) { box(input: $v) }', { v: { a: 'x', b: ['y'], c: 'z' } }],
    ['query ($v: Box) { box(input: $v) }', { v: { b: 'alone', c: 'z' } }],
    ['query ($v: Box) { box(input: $v) }', { v: { c: 'z', d: 'open', e: 'NO' } }],
    ['query ($v: Box) { box(input: $v) }', { v: { c: 'z', d: 'shut' } }],
    ['query ($v: Box) { box(input: $v) }', { v: { a: null, b: [null], c: 'z', n: null } }],
    ['query ($v: Box) { box(input: $v) }', { v: { c: 'z', n: { must: 'x' }, deep: [[]] } }],
    ['query ($v: Box) { box(input: $v) }', { v: { c: null } }],
    ['query ($v: Box) { box(input: $v) }', { v: 'text' }],
    ['query ($v: Box) { box(input: $v) }', { v: { a: 'x' } }],
    ['query ($v: Box) { box(input: $v) }', { v: { a: 'x', n: { no: 1 }, deep: [[{}, null], 3] } }],
    ['query ($v: Box) { box(input: $v) }', { v: { c: 'z', more: 1 } }],
    ['query ($v: Box) { box(input: $v) }', {}],
    ['query ($v: Box) { box(input: $v) }', { v: null }],
    ['query ($v: Box = { c: "of the variable" }) { box(input: $v) }', {}],
    ['query ($v: Box = { c: "of the variable" }) { box(input: $v) }', { v: { c: 'given' } }],
    ['query ($v: Box = { c: "of the variable" }) { box(input: $v) }', { v: null }],
    ['query ($v: Box = null) { box(input: $v) }', {}],
    ['query ($v: Box) { boxWithDefault(input: $v) }', {}],
    ['{ boxWithDefault }'],
  ],
  'enums with values of their own': [
    ['{ a: kind(input: NULL) b: kind(input: NAN) c: kind(input: NO) d: kind(input: CUSTOM) }'],
    ['{ mustKind(input: NULL) }'],
    ['query ($v: Kind!) { mustKind(input: $v) }', { v: 'NULL' }],
    ['query ($v: Kind) { kind(input: $v) }', { v: 'own value' }],
    ['query ($v: Kind) { kind(input: $v) }', { v: 'NOPE' }],
    ['{ kind(input: "CUSTOM") }'],
  ],
  'scalars that may be null': [
    ['{ nullable }'],
    ['query ($v: String) { nullable(input: $v) }', {}],
    ['query ($v: String) { nullable(input: $v) }', { v: null }],
    ['query ($v: String) { nullable(input: $v) }', { v: 'x' }],
    ['query ($v: String) { nullable(input: $v) }', { v: 5 }],
    ['{ nullable(input: "written") }'],
    ['query { nullable(input: $unlisted) }', { unlisted: 'x' }],
  ],
  'scalars that must not be null': [
    ['{ must }'],
    ['{ must(input: null) }'],
    ['{ must(input: "written") }'],
    ['query ($v: String!) { must(input: $v) }', {}],
    ['query ($v: String!) { must(input: $v) }', { v: null }],
    ['query ($v: String!) { must(input: $v) }', { v: ['x'] }],
    ['query ($v: String! = "of the variable") { must(input: $v) }', {}],
    ['query ($v: String = "of the variable") { must(input: $v) }', {}],
    ['query ($v: String = "of the variable") { must(input: $v) nullable }', { v: null }],
    ['query ($v: String) { must(input: $v) }', { v: 'x' }],
    ['{ mustWithDefault }'],
    ['query ($v: String) { mustWithDefault(input: $v) }', {}],
    ['query ($v: String) { mustWithDefault(input: $v) nullable }', { v: null }],
  ],
  'defaults of arguments': [
    ['{ withDefault }'],
    ['query ($v: String) { withDefault(input: $v) }', {}],
    ['query ($v: String) { withDefault(input: $v) }', { v: null }],
    ['{ withDefault(input: null) }'],
    ['{ withDefault(input: WRONG) }'],
    ['query ($v: Int) { several(a: $v) }', {}],
    ['query ($v: Int) { several(c: 3, b: $v) }', { v: 1 }],
    ['{ several(a: 1, c: []) }'],
  ],
  lists: [
    ...['list', 'mustList', 'listOfMust', 'mustListOfMust'].flatMap((name) => {
      const type = { list: '[String]', mustList: '[String]!', listOfMust: '[String!]' }[name];
      const source = `query ($v: ${type ?? '[String!]!'}) { ${name}(input: $v) }`;
      return [null, ['x'], ['x', null, 'y'], [], 'x', { 0: 'x' }, [['x']]].map(
        (v): Case => [source, { v }],
      );
    }),
    ['{ list(input: "alone") mustList(input: ["x", null]) }'],
    ['{ lists(input: 1) }'],
    ['{ lists(input: [1, [2], null]) }'],
    ['query ($v: [[Int]]) { lists(input: $v) }', { v: [1, [2, null], null] }],
    ['query ($v: [[Int]]) { lists(input: $v) }', { v: [1, ['two']] }],
    ['query ($v: Int) { lists(input: [[$v], $v]) }', {}],
  ],
  'numbers, ids and truths': [
    ['query ($v: Int) { int(input: $v) }', { v: 2 ** 31 }],
    ['query ($v: Int) { int(input: $v) }', { v: 1.5 }],
    ['query ($v: Int) { int(input: $v) float(input: $v) }', { v: 3 }],
    ['query ($v: Float) { float(input: $v) }', { v: 3 }],
    ['query ($v: Float) { float(input: $v) }', { v: '3' }],
    ['query ($v: ID) { id(input: $v) }', { v: 3 }],
    ['query ($v: ID) { id(input: $v) }', { v: 3.5 }],
    ['{ a: id(input: 3) b: id(input: "x") float(input: 3) int(input: -0) }'],
    ['query ($v: Boolean) { yes(input: $v) }', { v: 'true' }],
    ['query ($v: Boolean) { yes(input: $v) }', { v: 1 }],
  ],
  'objects of one member': [
    ['{ one(input: { left: "x" }) }'],
    ['{ one(input: { right: 1 }) }'],
    ['{ one(input: { left: "x", right: 1 }) }'],
    ['{ one(input: { left: null }) }'],
    ['query ($v: One! = { left: "x" }) { one(input: $v) }', {}],
    ['query ($v: One!) { one(input: $v) }', { v: { right: 1 } }],
    ['query ($v: One!) { one(input: $v) }', { v: { right: 1, left: undefined } }],
    ['query ($v: One!) { one(input: $v) }', { v: { right: 1, left: 'x' } }],
    ['query ($v: One!) { one(input: $v) }', { v: { right: 1, left: null } }],
    ['query ($v: One!) { one(input: $v) }', { v: {} }],
    ['query ($l: String!) { one(input: { left: $l }) }', { l: 'x' }],
  ],
  'variables of types that are no input, or are not there': [
    ['query ($v: Query!) { must(input: $v) }', { v: 'x' }],
    ['query ($v: Unknown!) { must(input: $v) }', { v: 'x' }],
  ],
};

describe('arguments and variables are coerced as graphql-js does', () => {
  for (const [name, all] of Object.entries(cases)) {
    it(name, async () => {
      for (const [source, variables] of all) {
        await agree(schema, source, variables ? { variables } : {});
      }
    });

    it(`${name}, in a stitched graph`, async () => {
      for (const [source, variables = {}] of all) {
        // What its own scalars refuse is for the subschema to say there, at the field.
        if (/"shut"/.test(source + JSON.stringify(variables))) continue;
        await agree(schema, source, { variables, stitched: true });
      }
    });
  }

  it('reaches the resolver as the values of their types', async () => {
    const { data } = await agree(
      schema,
      'query ($v: Box) { box(input: $v) kind(input: CUSTOM) nothing: nullable null: nullable(input: null) }',
      { variables: { v: { b: 'alone', c: 'z', d: 'open', e: 'CUSTOM' } } },
    );
    expect(data).toEqual({
      box: '{"b":["alone"],"c":"z","d":"opened","e":"own value"}',
      kind: '"own value"',
      nothing: 'nothing',
      null: 'null',
    });
  });

  it('tells all that is wrong with variables, up to fifty errors', async () => {
    const bad = { deep: [Array.from({ length: 60 }, () => ({}))] };
    const { errors } = await agree(schema, 'query ($v: Box) { box(input: $v) }', {
      variables: { v: bad },
    });
    expect(errors).toHaveLength(51);
    expect(errors?.at(-1)?.message).toMatch(/Too many errors/);
  });
});
