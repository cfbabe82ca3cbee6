import { execute, GraphQLScalarType, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { errorTexts, run, schemaOf } from './support/run.ts';

class Dog {
  name = 'Rex';
  bark = () => 'wuff';
}
const fail = (message: string) => () => {
  throw new Error(message);
};
const later = <Value>(value: Value) => Promise.resolve(value);

const schema = schemaOf(
  `
  scalar Day
  enum Mood { GOOD BAD }
  input Range { from: Int! = 1, to: Int, moods: [Mood!] }
  interface Animal { name: String }
  type Dog implements Animal { name: String bark: String! }
  type Cat implements Animal { name: String lives: Int! }
  union Pet = Dog | Cat
  type Node {
    id: ID!
    text: String
    must: String!
    child: Node
    mustChild: Node!
    children: [Node!]
    mustChildren: [Node!]!
  }
  type Query {
    text: String
    number: Int
    float: Float
    yes: Boolean
    day(on: Day): Day
    mood(is: Mood): Mood
    range(range: Range, list: [Int!]): String
    words: [String]
    mustWords: [String!]
    grid: [[Int]]
    mustGrid: [[Int!]!]
    set: [Int]
    notList: [Int]
    promised: [String!]
    mixed: [Node]
    node: Node
    broken: Node
    brokenList: [Node!]
    deepBroken: Node
    animals: [Animal]
    pets: [Pet!]
    lost: Animal
    stranger: Pet
    boom: String
    boomLater: String
    returned: String
    badNumber: Int
    badEnum: Mood
    nothing: String!
    method(by: Int!): Int
    thrown: String
    proto: String
  }
  `,
  {
    Day: new GraphQLScalarType({
      name: 'Day',
      serialize: (value) => `day ${String(value)}`,
      parseValue: (value) => {
        if (typeof value !== 'string') throw new TypeError('a day is a text');
        return value.toUpperCase();
      },
    }),
    Mood: { GOOD: 1, BAD: 2 },
    Animal: { __resolveType: (value: object) => ('lives' in value ? 'Cat' : 'Dog') },
    Pet: { __resolveType: (value: { kind?: string }) => later(value.kind ?? 'Dog') },
    Dog: { bark: (dog: Dog) => dog.bark() },
    Node: {
      must: (node: { must?: unknown }) => later(node.must),
      children: (node: { children?: unknown }) => node.children,
    },
    Query: {
      text: () => 7,
      number: () => later('12'),
      float: () => 1.5,
      yes: () => 1,
      day: (_: unknown, { on }: { on: string }) => on,
      mood: (_: unknown, { is }: { is?: number }) => is ?? 2,
      range: (_: unknown, args: unknown) => JSON.stringify(args),
      words: () => [
        'a',
        null,
        new Error('bad word'),
        later('b'),
        Promise.reject(new Error('late')),
      ],
      mustWords: () => ['a', null, 'b'],
      grid: () => [[1, 2], null, [new Error('cell'), 3]],
      mustGrid: () => [[1], [2, null]],
      set: () => new Set([1, 2]),
      notList: () => 5,
      promised: () => [later('a'), Promise.reject(new Error('second'))],
      mixed: () => [{ id: 1, must: 'x' }, later({ id: 2, must: null }), null, new Error('third')],
      node: () => ({ id: 1, text: 'one', must: 'm', children: [{ id: 2, must: 'n' }] }),
      broken: () => ({ id: null, text: 'one' }),
      brokenList: () => [{ id: 1, must: 'a' }, { id: 2 }],
      deepBroken: () => ({ id: 1, child: { id: 2, mustChild: { id: 3, must: null } } }),
      animals: () => [new Dog(), { name: 'Tom', lives: 9 }, null],
      pets: () =>
        [{ name: 'A' }, { kind: 'Cat', lives: 1 }].map((pet) => ({ bark: () => 'w', ...pet })),
      lost: () => later({ lives: 'many' }),
      stranger: () => ({ kind: 'Horse' }),
      boom: fail('boom'),
      boomLater: () => Promise.reject(new Error('boom later')),
      returned: () => new Error('returned'),
      badNumber: () => 'many',
      badEnum: () => 3,
      nothing: () => null,
      method: (_: unknown, { by }: { by: number }) => by * 2,
      thrown: () => {
        throw 'a text';
      },
      proto: () => 'harmless',
    },
  },
);
const engine = createEngine({ schema, subschemas: [{ schema }] });

const operations: Record<string, [string, Record<string, unknown>?]> = {
  'serializes leaves': ['{ text number float yes day(on: "monday") mood }'],
  'coerces arguments': [
    '{ mood(is: GOOD) range(range: { to: 3, moods: [BAD] }, list: 4) day(on: "x") method(by: 2) }',
  ],
  'coerces variables': [
    'query ($r: Range, $m: Mood = BAD, $d: Day, $l: [Int!]) { range(range: $r, list: $l) mood(is: $m) day(on: $d) }',
    { r: { moods: ['GOOD'] }, d: 'friday', l: [1] },
  ],
  'refuses variables': ['query ($r: Range!, $d: Day) { range(range: $r) day(on: $d) }', { d: 5 }],
  'refuses a null that an argument must not be': [
    'query ($by: Int = 2) { method(by: $by) }',
    { by: null },
  ],
  'completes lists': ['{ words grid set }'],
  'carries nulls up in lists': ['{ mustWords mustGrid text }'],
  'says what is no list': ['{ notList text }'],
  'settles promised items': ['{ promised }'],
  'nulls rows by row': ['{ mixed { id must } }'],
  'aliases and merges fields': [
    '{ node { a: text ...N text children { id } } again: node { id } } fragment N on Node { children { must } id }',
  ],
  'carries a null to the nearest nullable field': ['{ broken { text id } text }'],
  'carries a null through a list': ['{ brokenList { id must } }'],
  'carries a null through a chain': ['{ deepBroken { id child { id mustChild { id must } } } }'],
  'nulls the data': ['{ nothing text }'],
  'tells abstract types': [
    '{ animals { __typename name ... on Dog { bark } ... on Cat { lives } } pets { ... on Animal { name } __typename } }',
  ],
  'names a type that is none': ['{ stranger { __typename } lost { ... on Cat { lives } } }'],
  'places errors': ['{ boom boomLater returned badNumber badEnum thrown }'],
  'reads harmful response keys': ['{ __proto__: proto constructor: text toString: number }'],
  'includes and skips': [
    'query ($y: Boolean!, $n: Boolean!) { ...A @include(if: $n) text @skip(if: $y) number ...B @include(if: $y) } fragment A on Query { number float } fragment B on Query { float number text }',
    { y: true, n: false },
  ],
  introspects: [
    'query ($name: String!) { __typename __schema { queryType { name } } __type(name: $name) { name fields { name } } t: text }',
    { name: 'Node' },
  ],
};

describe('one schema', () => {
  for (const [name, [source, variables]] of Object.entries(operations)) {
    it(name, async () => {
      const ours = await run(engine, source, { variables });
      const theirs = await execute({
        schema,
        document: parse(source),
        variableValues: variables,
        contextValue: {},
      });
      expect(JSON.stringify(ours.data)).toBe(JSON.stringify(theirs.data));
      expect(errorTexts(ours.errors)).toEqual(errorTexts(theirs.errors));
    });
  }

  it('names each node and keeps the original error', async () => {
    const { errors } = await run(engine, '{ text\n  boom }');
    expect(errors?.[0]).toMatchObject({
      path: ['boom'],
      locations: [{ line: 2, column: 3 }],
      originalError: { message: 'boom' },
    });
  });

  it('leaves the prototype of objects alone', async () => {
    const { data } = await run(engine, '{ __proto__: proto }');
    expect(Object.keys(data ?? {})).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });
});
