import { describe, expect, it, vi } from 'vitest';
import { byId, engineOf, errorTexts, run, schemaOf } from './support/run.ts';

interface Ids {
  readonly ids: readonly string[];
}

const airportsSdl =
  'type Airport { id: ID! name: String city: String! } type Query { _airports(ids: [ID!]!): [Airport] }';
const flights = {
  schema: schemaOf(
    'type Flight { id: ID! origin: Airport destination: Airport } type Airport { id: ID! } type Query { flights: [Flight!] flight: Flight }',
    {
      Query: {
        flights: () =>
          [...Array(100).keys()].map((id) => ({
            id,
            origin: { id: `A${id % 7}` },
            destination: { id: `A${id % 5}` },
          })),
        flight: () => ({ id: 1, origin: { id: 'A1' }, destination: { id: 'gone' } }),
      },
    },
  ),
};
const airport = (id: string) => ({ id, name: `airport ${id}`, city: `city ${id}` });
const airportsBy = (entry: (ids: readonly string[]) => unknown) => ({
  schema: schemaOf(airportsSdl, { Query: { _airports: (_: unknown, { ids }: Ids) => entry(ids) } }),
  merge: { Airport: byId('_airports') },
});

describe('a merged type', () => {
  it('is asked for once for all places that land together, each key once', async () => {
    const entry = vi.fn((ids: readonly string[]) => Promise.resolve(ids.map(airport)));
    const engine = engineOf([flights, airportsBy(entry)]);
    const { data } = await run(engine, '{ flights { origin { name } destination { city id } } }');
    expect(entry.mock.calls).toEqual([[['A0', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6']]]);
    expect((data as { flights: unknown[] }).flights[8]).toEqual({
      origin: { name: 'airport A1' },
      destination: { city: 'city A3', id: 'A3' },
    });
  });

  it('gives null where its subschema has none, and says what must not be null', async () => {
    const engine = engineOf([
      flights,
      airportsBy((ids) => ids.map((id) => (id === 'gone' ? null : airport(id)))),
    ]);
    expect(await run(engine, '{ flight { destination { id name } } }')).toEqual({
      data: { flight: { destination: { id: 'gone', name: null } } },
    });
    const { data, errors } = await run(
      engine,
      '{ flight { origin { city } destination { city } } }',
    );
    expect(data).toEqual({ flight: { origin: { city: 'city A1' }, destination: null } });
    expect(errorTexts(errors)).toEqual([
      'flight.destination.city: Cannot return null for non-nullable field Airport.city.',
    ]);
  });

  it('fails one key alone, at every place where it stands', async () => {
    const engine = engineOf([
      flights,
      airportsBy((ids) => ids.map((id) => (id === 'A1' ? new Error(`no ${id}`) : airport(id)))),
    ]);
    const { data, errors } = await run(engine, '{ flights { origin { name } } }');
    const failed = errorTexts(errors);
    expect(failed).toHaveLength(15);
    expect(failed).toContain('flights.1.origin.name: no A1');
    expect((data as { flights: unknown[] }).flights[2]).toEqual({ origin: { name: 'airport A2' } });
  });

  it('asks each place alone when the batch they shared failed', async () => {
    const entry = vi.fn((ids: readonly string[]) =>
      ids.includes('gone') ? Promise.reject(new Error('down')) : ids.map(airport),
    );
    const engine = engineOf([flights, airportsBy(entry)]);
    const { data, errors } = await run(
      engine,
      '{ flight { origin { name } destination { name } } }',
    );
    expect(data).toEqual({
      flight: { origin: { name: 'airport A1' }, destination: { name: null } },
    });
    expect(errorTexts(errors)).toEqual(['flight.destination.name: down']);
    expect(entry.mock.calls).toEqual([[['A1', 'gone']], [['A1']], [['gone']]]);
  });

  it('does not hold a fast branch for a slow one', async () => {
    const order: string[] = [];
    const open = Promise.withResolvers<void>();
    const slow = {
      schema: schemaOf('type Query { slow: Airport } type Airport { id: ID! }', {
        Query: { slow: () => open.promise.then(() => ({ id: 'A9' })) },
      }),
    };
    const entry = (ids: readonly string[]) => {
      order.push(ids.join());
      if (order.length === 1) open.resolve();
      return Promise.resolve(ids.map(airport));
    };
    const engine = engineOf([flights, slow, airportsBy(entry)]);
    const { data } = await run(engine, '{ slow { name } flight { origin { name } } }');
    expect(order).toEqual(['A1', 'A9']);
    expect(data).toEqual({
      slow: { name: 'airport A9' },
      flight: { origin: { name: 'airport A1' } },
    });
  });

  it('is read by an entry for one key at a time', async () => {
    const schema = schemaOf(
      'type Airport { id: ID! name: String } type Query { airport(id: ID!): Airport }',
      { Query: { airport: (_: unknown, { id }: { id: string }) => airport(id) } },
    );
    const merge = {
      Airport: {
        selectionSet: '{ id }',
        fieldName: 'airport',
        args: ({ id }: { id: string }) => ({ id }),
      },
    };
    const engine = engineOf([flights, { schema, merge }]);
    const { data } = await run(engine, '{ flight { origin { name } } }');
    expect(data).toEqual({ flight: { origin: { name: 'airport A1' } } });
  });

  it('gets computed fields by their own needs', async () => {
    const entry = vi.fn((keys: readonly { id: string; city?: string }[]) =>
      keys.map(({ id, city }) => ({ id, slogan: `visit ${String(city)}` })),
    );
    const slogans = {
      schema: schemaOf(
        'input Key { id: ID! city: String } type Airport { id: ID! slogan: String } type Query { _slogans(keys: [Key!]!): [Airport] }',
        { Query: { _slogans: (_: unknown, { keys }: { keys: never[] }) => entry(keys) } },
      ),
      merge: {
        Airport: {
          selectionSet: '{ id }',
          fields: { slogan: { selectionSet: '{ city }', computed: true } },
          fieldName: '_slogans',
          key: ({ id, city }: { id: string; city?: string }) => ({ id, city }),
          argsFromKeys: (keys: readonly unknown[]) => ({ keys }),
        },
      },
    };
    const engine = engineOf([flights, airportsBy((ids) => ids.map(airport)), slogans]);
    const { data } = await run(engine, '{ flight { origin { slogan } } }');
    expect(data).toEqual({ flight: { origin: { slogan: 'visit city A1' } } });
  });
});
