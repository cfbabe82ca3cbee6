import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { createBffBuilder } from '../../src/bff/bff-builder.ts';
import { composeBff } from '../../src/bff/compose-bff.ts';
import { defineBff } from '../../src/bff/define-bff.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';
import { toySubschemas } from '../support/toy-graph.ts';
import { compose, derived } from './toy-bffs.ts';

/** What graphql-js answers on the stitched graph: the engine's reference. */
async function ask(graph: ReturnType<typeof compose>['graph'], source: string) {
  const { data, errors } = await graphql({ schema: graph, source, contextValue: {} });
  expect(errors).toBeUndefined();
  return JSON.parse(JSON.stringify(data)) as unknown;
}

describe('composeBff', () => {
  it('joins types on their keys and hides the entries that do it', async () => {
    const { graph, clientSchema } = compose();
    expect(
      await ask(graph, '{ flight(id: 1) { origin { city departures(first: 2) { id } } } }'),
    ).toEqual({
      flight: { origin: { city: 'Atlanta', departures: [{ id: '1' }, { id: '2' }] } },
    });
    expect(printSchema(clientSchema)).not.toMatch(/\b_\w/);
  });

  it('takes what a subschema adds to a type that only another one gives', async () => {
    const { places, trips } = toySubschemas();
    const { Flight: _left, ...merge } = trips.merge;
    const gates = defineSubschema({
      backend: defineRestBackend({ name: 'gates', endpoints: 'http://127.0.0.1:1' }),
      builder: makeExecutableSchema({
        typeDefs:
          'type Query { _gates(ids: [ID!]!): [Flight]! } type Flight { id: ID! gate: String }',
        resolvers: {
          Query: {
            _gates: (_: unknown, { ids }: { ids: string[] }) =>
              ids.map((id) => ({ id, gate: `B${id}` })),
          },
        },
      }),
      merge: { Flight: { key: 'id', entry: '_gates' } },
    });
    const apart = { ...trips, schema: trips.schema, merge };
    const { graph } = composeBff(defineBff({ name: 'toy', subschemas: [places, apart, gates] }));
    expect(await ask(graph, '{ flight(id: 1) { delayMinutes gate } }')).toEqual({
      flight: { delayMinutes: 10, gate: 'B1' },
    });
  });

  it('takes a field that only a third subschema has, by its key, and refuses it without', () => {
    const subschema = (name: string, typeDefs: string, merge = {}) =>
      defineSubschema({
        backend: defineRestBackend({ name, endpoints: 'http://127.0.0.1:1' }),
        builder: makeExecutableSchema({ typeDefs }),
        merge,
      });
    const lists = subschema('lists', 'type Query { list: [T] } type T { id: ID! x: Int }');
    const ones = subschema('ones', 'type Query { one: T } type T { id: ID! }');
    const keyed = subschema(
      'keyed',
      'type Query { _ts(ids: [ID!]!): [T]! } type T { id: ID! x: Int }',
      {
        T: { key: 'id', entry: '_ts' },
      },
    );
    const bffOf = (...subschemas: ReturnType<typeof subschema>[]) =>
      composeBff(defineBff({ name: 'toy', subschemas }));
    expect(() => bffOf(lists, ones, keyed)).not.toThrow();
    expect(() => bffOf(lists, ones)).toThrow(/T\.x of the "lists" subschema cannot be reached/);
  });

  it('hides a field from the client and keeps it in the graph', () => {
    const { graph, clientSchema } = compose({ hide: ['Airport.latitude'] });
    expect(printSchema(clientSchema)).not.toContain('latitude');
    expect(printSchema(graph)).toContain('latitude');
  });

  it('hides whole types with the fields that return them', () => {
    const { clientSchema } = compose({ hide: ['Flight'] });
    expect(printSchema(clientSchema)).not.toMatch(/Flight|departures|origin/);
  });

  it('renames types, fields, roots and keys, and resolves them as before', async () => {
    const { graph, clientSchema } = compose({
      rename: {
        Airport: 'Station',
        'Airport.iata': 'code',
        'Airport.city': 'town',
        'Query.flight': 'trip',
      },
    });
    expect(printSchema(clientSchema)).toContain('type Station');
    expect(
      await ask(
        graph,
        '{ trip(id: 1) { origin { __typename code town departures(first: 1) { id } } } }',
      ),
    ).toEqual({
      trip: {
        origin: { __typename: 'Station', code: 'ATL', town: 'Atlanta', departures: [{ id: '1' }] },
      },
    });
  });

  it("gives arguments this client's default without touching the subschema", async () => {
    const { graph } = compose({ defaults: { 'Airport.departures.first': 1 } });
    expect(await ask(graph, '{ airport(iata: "ATL") { departures { id } } }')).toEqual({
      airport: { departures: [{ id: '1' }] },
    });
    const { graph: untouched } = compose();
    const { airport } = (await ask(
      untouched,
      '{ airport(iata: "ATL") { departures { id } } }',
    )) as {
      airport: { departures: unknown[] };
    };
    expect(airport.departures).toHaveLength(20);
  });

  it('adds derived fields and roots that need several backends', async () => {
    const { graph, clientSchema } = derived(
      '{ delayMinutes origin { city } destination { city latitude } }',
      ['Airport.latitude'],
    );
    expect(printSchema(clientSchema)).toContain('statusText: String');
    expect(
      await ask(graph, '{ flight(id: 2) { statusText } board(iata: "ATL", first: 2) { line } }'),
    ).toEqual({
      flight: { statusText: '20 min, Atlanta to New York at 40.6' },
      board: [{ line: '1 to New York' }, { line: '2 to New York' }],
    });
  });

  it('completes a shared type that a derived field names by its key', async () => {
    const { places, trips } = toySubschemas();
    const builder = createBffBuilder<{ Query: object; Airport: { iata: string } }>();
    const hub = builder.fieldsOn('Query', (t) => ({
      hub: t.derive({
        type: builder.shared('Airport'),
        needs: '{ __typename }',
        resolve: () => ({ iata: 'ATL' }),
      }),
    }));
    const { graph } = composeBff(
      defineBff({ name: 'toy', subschemas: [places, trips], fields: [hub] }),
    );
    expect(await ask(graph, '{ hub { city departures(first: 1) { id } } }')).toEqual({
      hub: { city: 'Atlanta', departures: [{ id: '1' }] },
    });
  });
});
