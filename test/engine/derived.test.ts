import type { SubschemaConfig } from '@graphql-tools/delegate';
import { describe, expect, it, vi } from 'vitest';
import { byId, engineOf, errorTexts, run, schemaOf } from './support/run.ts';

const flightsSchema = schemaOf(
  'type Flight { id: ID! minutes: Int late: Int! origin(as: String): Airport } type Airport { id: ID! } type Query { flight(id: ID!): Flight _flights(ids: [ID!]!): [Flight] }',
  {
    Query: {
      flight: (_: unknown, { id }: { id: string }) => ({ id }),
      _flights: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => ({ id })),
    },
    Flight: {
      minutes: ({ id }: { id: string }) => {
        if (id === 'down') throw new Error('minutes are down');
        return 90;
      },
      late: ({ id }: { id: string }) => {
        if (id === 'down') throw new Error('late is down');
        return 5;
      },
      origin: () => ({ id: 'A1' }),
    },
  },
);
const airportsSchema = schemaOf(
  'type Airport { id: ID! city: String } type Query { _airports(ids: [ID!]!): [Airport] }',
  {
    Query: {
      _airports: (_: unknown, { ids }: { ids: string[] }) =>
        ids.map((id) => ({ id, city: `city ${id}` })),
    },
  },
);
const subschemas: SubschemaConfig[] = [
  { schema: flightsSchema, merge: { Flight: byId('_flights') } },
  { schema: airportsSchema, merge: { Airport: byId('_airports') } },
];

describe('a derived field', () => {
  it('gets a plain object of what it needs over several subschemas, and its arguments', async () => {
    const resolve = vi.fn((flight: unknown, args: unknown) => JSON.stringify([flight, args]));
    const engine = engineOf(subschemas, {
      typeDefs: 'extend type Flight { status(upper: Boolean = false): String }',
      resolvers: { Flight: { status: { selectionSet: '{ minutes origin { city } }', resolve } } },
    });
    const { data } = await run(engine, '{ flight(id: 1) { o: origin { id } status } }');
    expect(data).toEqual({
      flight: {
        o: { id: 'A1' },
        status: '[{"minutes":90,"origin":{"city":"city A1"}},{"upper":false}]',
      },
    });
  });

  it('may need other derived fields', async () => {
    const engine = engineOf(subschemas, {
      typeDefs: 'extend type Flight { hours: Float text: String }',
      resolvers: {
        Flight: {
          hours: {
            selectionSet: '{ minutes }',
            resolve: ({ minutes }: { minutes: number }) => minutes / 60,
          },
          text: {
            selectionSet: '{ hours }',
            resolve: ({ hours }: { hours: number }) => `${hours} h`,
          },
        },
      },
    });
    expect(await run(engine, '{ flight(id: 1) { text } }')).toEqual({
      data: { flight: { text: '1.5 h' } },
    });
  });

  it('gives a key object that the type’s entry completes', async () => {
    const engine = engineOf(subschemas, {
      typeDefs: 'extend type Flight { home: Airport } extend type Query { board: [Airport!] }',
      resolvers: {
        Flight: { home: { selectionSet: '{ id }', resolve: () => ({ id: 'A7' }) } },
        Query: {
          board: () => [{ id: 'A1' }, { id: 'A2', city: 'own' }, Promise.resolve({ id: 'A3' })],
        },
      },
    });
    expect(await run(engine, '{ flight(id: 1) { home { id city } } board { city } }')).toEqual({
      data: {
        flight: { home: { id: 'A7', city: 'city A7' } },
        board: [{ city: 'city A1' }, { city: 'own' }, { city: 'city A3' }],
      },
    });
  });

  it('on a root needs a query over the graph, with its arguments as variables', async () => {
    const resolve = vi.fn((data: { flight: { minutes: number; where: { city: string } } }) => ({
      text: `${data.flight.minutes} from ${data.flight.where.city}`,
    }));
    const engine = engineOf(subschemas, {
      typeDefs:
        'type Card { text: String! } extend type Query { card(id: ID!, long: Boolean = true): Card }',
      resolvers: {
        Query: {
          card: {
            needs:
              'query ($id: ID!, $long: Boolean) { flight(id: $id) { minutes ...Where @include(if: $long) } } fragment Where on Flight { where: origin { city } }',
            resolve,
          },
        },
      },
    });
    expect(
      await run(engine, 'query ($n: ID!) { card(id: $n) { text } }', { variables: { n: 4 } }),
    ).toEqual({
      data: { card: { text: '90 from city A1' } },
    });
  });

  it('sees null where a need failed, and fails as that need did when it cannot go on', async () => {
    const engine = engineOf(subschemas, {
      typeDefs: 'extend type Flight { calm: String strict: String must: String }',
      resolvers: {
        Flight: {
          calm: {
            selectionSet: '{ minutes }',
            resolve: ({ minutes }: { minutes: unknown }) => String(minutes),
          },
          strict: {
            selectionSet: '{ minutes }',
            resolve: ({ minutes }: { minutes: number }) => minutes.toFixed(1),
          },
          must: { selectionSet: '{ late }', resolve: () => 'never' },
        },
      },
    });
    const { data, errors } = await run(engine, '{ flight(id: "down") { calm strict must } }');
    expect(data).toEqual({ flight: { calm: 'null', strict: null, must: null } });
    expect(errorTexts(errors)).toEqual([
      'flight.must: late is down',
      'flight.strict: minutes are down',
    ]);
  });

  it('over a leaf of a subschema reads that leaf', async () => {
    const engine = engineOf(subschemas, {
      typeDefs: 'extend type Flight { unused: Int }',
      resolvers: { Flight: { minutes: (flight: { minutes: number }) => flight.minutes + 1 } },
    });
    expect(await run(engine, '{ flight(id: 1) { minutes } }')).toEqual({
      data: { flight: { minutes: 91 } },
    });
  });
});
