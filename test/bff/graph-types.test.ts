import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { graphTypes } from '../../src/bff/graph-types.ts';

const schema = buildSchema(`
  type Query { flight(id: ID!): Flight _flightsById(ids: [ID!]!): [Flight] }
  scalar DateTime
  scalar JSON
  enum Status { CONFIRMED CANCELLED }
  union Result = Flight | Airport
  interface Node { id: ID! }
  input Filter { a: Int }
  type Flight implements Node {
    id: ID!
    departsAt: DateTime!
    extra: JSON
    status: Status
    statuses: [Status!]!
    legs: [[Int]!]
    origin: Airport
    late: Boolean!
  }
  type Airport implements Node { id: ID! latitude: Float! results: [Result!] near: [Airport!]! }
`);

test('every type of the graph, by name, entries of merges left out', () => {
  expect(
    graphTypes(schema),
  ).toBe(`// Generated from the stitched graph by \`npm run codegen\`. Do not edit.

/** Every type of the graph, hidden fields included, as answers have it. */
export interface Graph {
  Airport: {
    __typename: 'Airport';
    id: string;
    latitude: number;
    results: readonly Graph['Result'][] | null;
    near: readonly Graph['Airport'][];
  };
  Flight: {
    __typename: 'Flight';
    id: string;
    departsAt: string;
    extra: unknown;
    status: 'CONFIRMED' | 'CANCELLED' | null;
    statuses: readonly ('CONFIRMED' | 'CANCELLED')[];
    legs: readonly (readonly (number | null)[])[] | null;
    origin: Graph['Airport'] | null;
    late: boolean;
  };
  Node: Graph['Airport'] | Graph['Flight'];
  Query: {
    __typename: 'Query';
    flight: Graph['Flight'] | null;
  };
  Result: Graph['Airport'] | Graph['Flight'];
}
`);
});

test('a scalar is what the caller says it is', () => {
  const types = graphTypes(schema, { JSON: 'object', DateTime: 'Date' });
  expect(types).toContain('    extra: object | null;');
  expect(types).toContain('    departsAt: Date;');
});
