import { buildSchema, getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../src/limits.ts';
import { compileCost } from '../../../src/server/admission/cost.ts';
import { checkFieldCosts, type FieldCost } from '../../../src/server/admission/field-cost.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

const schema = () =>
  buildSchema(/* GraphQL */ `
    type Query {
      name: String
      items(first: Int = 20, after: String): ItemConnection
      page(first: Int!): [Item!]!
      plain: [Item!]
      grid: [[Item]]
      byIds(ids: [ID!]!): [Item]
      node: Node
      any: [Any!]
      search(in: Filter): [Item]
    }
    type ItemConnection { edges: [Edge!]! nodes: [Item!]! pageInfo: PageInfo! }
    type Edge { node: Item! cursor: String! }
    type PageInfo { hasNextPage: Boolean! }
    interface Node { id: ID! next: Node }
    type Item implements Node { id: ID! next: Node item: Item tags: [String!]! page(first: Int!): [Item!]! }
    type Other implements Node { id: ID! next: Node others: [Other!] }
    union Any = Item | Other
    input Filter { ids: [ID!] or: [Filter!] in: Filter }
    type Mutation { make(ids: [ID!]): Item }
    type Subscription { items: Item }
  `);
const shared = schema();
const costOf = (source: string, variables?: Record<string, unknown>, given = shared) => {
  const document = parse(source);
  const operation = getOperationAST(document) ?? expect.fail();
  return compileCost(given, document, operation, defaultLimits)(variables);
};
const points = (source: string, variables?: Record<string, unknown>) =>
  costOf(source, variables).points;
const withCost = (type: string, field: string, cost: unknown) => {
  const own = schema();
  const fields = (own.getType(type) as ReturnType<typeof own.getQueryType>)?.getFields();
  Object.assign(fields?.[field]?.extensions ?? {}, { cost });
  return own;
};
const list = (length: number) => Array.from({ length }, (_, index) => String(index));

describe('points', () => {
  test.each([
    ['leaves are free', '{ name }', 0],
    ['a page costs its rows', '{ page(first: 7) { id } }', 7],
    ['pages in pages multiply', '{ page(first: 7) { page(first: 3) { id } } }', 7 + 21],
    ['a connection costs one beside its rows', '{ items(first: 5) { nodes { id } } }', 6],
    ['edges cost what nodes do', '{ items(first: 5) { edges { cursor node { id } } } }', 6],
    ['a default page size counts', '{ items { nodes { id } } }', 21],
    ['a page of no stated size is a full one', '{ items(first: null) { nodes { id } } }', 101],
    ['a list without a size is ten', '{ plain { id } }', 10],
    ['a list of lists multiplies', '{ grid { id } }', 100],
    [
      'fields that merge count once',
      '{ node { id } node { next { id } } ...F } fragment F on Query { node { next { id } } }',
      2,
    ],
    ['aliases count each', '{ a: node { id } b: node { id } }', 2],
    [
      'of two types the dearer counts',
      '{ any { ... on Item { item { id } } ... on Other { others { id } } } }',
      10 + 100,
    ],
    [
      'what all types have counts beside it',
      '{ node { next { id } ... on Item { item { id } } } }',
      3,
    ],
    ['what is never asked for is free', '{ plain @skip(if: true) { id } }', 0],
    ['a mutation is ten', 'mutation { a: make { id } b: make { id } }', 20],
    ['a subscription is its event', 'subscription { items { id item { id } } }', 2],
    ['introspection is one', '{ __schema { types { fields { name } } } __typename }', 1],
  ])('%s', (_, source, expected) => {
    expect(points(source)).toBe(expected);
  });

  test.each([
    [{ n: 5 }, 5],
    [{}, 3],
    [{ n: 0 }, 0],
    [{ n: -1 }, 0],
    [{ n: null }, 100],
  ])('a page takes its size from variables, and from their defaults: %j', (variables, expected) => {
    expect(points('query($n: Int = 3) { page(first: $n) { id } }', variables)).toBe(expected);
  });

  test('what variables leave out is free, in a field that merges too', () => {
    const source =
      'query($a: Boolean!, $b: Boolean = true) { plain @include(if: $a) { item { id } } plain @skip(if: $b) { id } }';
    expect(points(source, { a: false })).toBe(0);
    expect(points(source, { a: true })).toBe(20);
    expect(points(source, { a: false, b: false })).toBe(10);
  });

  test('a field says what it costs and how long its list is', () => {
    const cost = (
      type: string,
      field: string,
      own: FieldCost,
      source: string,
      variables?: object,
    ) => costOf(source, variables as Record<string, unknown>, withCost(type, field, own)).points;
    expect(cost('Query', 'name', { points: 5 }, '{ name }')).toBe(5);
    expect(cost('Query', 'plain', { listSize: 3 }, '{ plain { id } }')).toBe(3);
    const byIds = { listSize: 'ids' };
    expect(cost('Query', 'byIds', byIds, '{ byIds(ids: ["a", "b"]) { id } }')).toBe(2);
    const source = 'query($ids: [ID!]!) { byIds(ids: $ids) { id } }';
    expect(cost('Query', 'byIds', byIds, source, { ids: list(40) })).toBe(40);
    expect(cost('Query', 'byIds', byIds, source, { ids: 'one' })).toBe(1);
  });

  test.each<[FieldCost | unknown, string]>([
    [{ point: 1 }, 'Query.byIds: extensions.cost has "point". Did you mean "points"?'],
    [{ points: -1 }, '.points must be a number from 0'],
    [{ listSize: 'id' }, 'names the argument "id", which is not there. Did you mean "ids"?'],
    [7, 'must be { points?, listSize? }'],
  ])('%j is refused at boot', (cost, message) => {
    expect(() => checkFieldCosts(withCost('Query', 'byIds', cost))).toThrow(message);
  });
});

describe('limits', () => {
  test.each([
    ['a page over 100', '{ page(first: 101) { id } }', undefined, 'pageSize'],
    [
      'one in a connection whose rows nobody selects',
      '{ items(first: 101) { pageInfo { hasNextPage } } }',
      undefined,
      'pageSize',
    ],
    ['one in a variable', 'query($n: Int!) { page(first: $n) { id } }', { n: 101 }, 'pageSize'],
    [
      'one under a variable',
      'query($n: Int!) { page(first: $n) { page(first: 101) { id } } }',
      { n: 1 },
      'pageSize',
    ],
    ['251 items', `{ byIds(ids: ${JSON.stringify(list(251))}) { id } }`, undefined, 'inputItems'],
    [
      '251 items in a variable',
      'query($i: [ID!]!) { byIds(ids: $i) { id } }',
      { i: list(251) },
      'inputItems',
    ],
    [
      '251 items in a default',
      `query($i: [ID!] = ${JSON.stringify(list(251))}) { byIds(ids: $i) { id } }`,
      {},
      'inputItems',
    ],
    [
      '251 items in two lists of an input',
      'query($i: Filter) { search(in: $i) { id } }',
      { i: { ids: list(125), or: [{ ids: list(125) }] } },
      'inputItems',
    ],
    ['1,001 points', '{ page(first: 91) { page(first: 10) { id } } }', undefined, 'costPoints'],
    [
      '100,000 points of a connection of connections',
      '{ plain { page(first: 100) { page(first: 100) { id } } } }',
      undefined,
      'costPoints',
    ],
    [
      '10,001 nodes',
      `{ page(first: 100) { ${list(10)
        .map((i) => `a${i}: tags`)
        .join(' ')} id } }`,
      undefined,
      'answerNodes',
    ],
    ['the most of each', '{ page(first: 100) { item { id } } }', undefined, null],
    ['250 items', 'query($i: [ID!]!) { byIds(ids: $i) { id } }', { i: list(250) }, null],
  ])('%s: %s', (_, source, variables, limit) => {
    expect(costOf(source, variables).exceeds).toBe(limit);
  });

  test('an input nested without end is over the limit, and harmless', () => {
    let deep: object = {};
    for (let level = 0; level < 100_000; level += 1) deep = { in: deep };
    expect(costOf('query($i: Filter) { search(in: $i) { id } }', { i: deep }).exceeds).toBe(
      'inputItems',
    );
  });

  test('abstract types in abstract types are measured in linear time', () => {
    const level = (inner: string): string =>
      `{ id ... on Item { next ${inner} } ... on Other { next ${inner} } }`;
    let source = '{ id }';
    for (let depth = 0; depth < 9; depth += 1) source = level(source);
    const started = performance.now();
    expect(points(`{ node ${source} }`)).toBe(10);
    expect(performance.now() - started).toBeLessThan(250);
  });

  test('counting a request takes under 2 µs', () => {
    const document = parse(
      'query($n: Int!, $w: Boolean = true) { items(first: $n) { edges { node { id item @include(if: $w) { id } page(first: $n) { id } } } } }',
    );
    const operation = getOperationAST(document) ?? expect.fail();
    const count = compileCost(shared, document, operation, defaultLimits);
    const variables = { n: 5 };
    for (let warm = 0; warm < 20_000; warm += 1) count(variables);
    const before = process.cpuUsage().user;
    for (let time = 0; time < 50_000; time += 1) count(variables);
    expect((process.cpuUsage().user - before) / 50_000).toBeLessThan(2);
  });
});

describe('over a limit', () => {
  const limits = { costPoints: 5 };
  const production = stubServer({ environment: 'production', limits, drain: { acceptMs: 0 } });
  const development = stubServer({ limits });
  const urls = { production: '', development: '' };
  beforeAll(async () => {
    urls.production = (await production.listen()).url.replace('localhost', '127.0.0.1');
    urls.development = (await development.listen()).url;
  });
  afterAll(() => Promise.all([production.close(), development.close()]));
  const query = 'query Q($all: Boolean!) { node { nodes @include(if: $all) { id } } }';

  test.each(transports.filter(([name]) => !name.includes('GET')))(
    'over %s, production refuses what the variables make too much, and nothing else',
    async (_, send) => {
      for (let time = 0; time < 2; time += 1) {
        const much = await send(urls.production, { query, variables: { all: true } });
        expect([much.data, much.codes]).toEqual([null, ['COST_LIMIT_EXCEEDED']]);
        expect(much.messages).toEqual(['This operation asks for too much.']);
        const little = await send(urls.production, { query, variables: { all: false } });
        expect(little.data).toEqual({ node: {} });
      }
    },
  );

  test.each(transports)('over %s, development answers and says so', async (_, send) => {
    development.log.length = 0;
    const { data, headers, status } = await send(urls.development, {
      query,
      variables: { all: true },
    });
    expect(data).toEqual({ node: { nodes: [{ id: '1' }] } });
    expect(development.log[0]?.fields).toMatchObject({ cost: 11, over: 'costPoints' });
    if (status === null) return;
    expect(headers.get('x-cost-exceeded')).toBe('costPoints=5; points=11; nodes=21');
  });
});
