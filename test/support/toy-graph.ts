import { makeExecutableSchema } from '@graphql-tools/schema';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';

const cities: Record<string, { iata: string; city: string; latitude: number }> = {
  ATL: { iata: 'ATL', city: 'Atlanta', latitude: 33.6 },
  JFK: { iata: 'JFK', city: 'New York', latitude: 40.6 },
};

/** Two subschemas joined on Airport: `places` knows cities, `trips` knows flights. */
export function toySubschemas() {
  const places = defineSubschema({
    backend: defineRestBackend({ name: 'places', endpoints: 'http://127.0.0.1:1' }),
    builder: makeExecutableSchema({
      typeDefs: /* GraphQL */ `
        type Query { airport(iata: ID!): Airport, _airports(iatas: [ID!]!): [Airport]! }
        type Airport { iata: ID! city: String! latitude: Float! }
      `,
      resolvers: {
        Query: {
          airport: (_: unknown, { iata }: { iata: string }) => cities[iata] ?? null,
          _airports: (_: unknown, { iatas }: { iatas: string[] }) =>
            iatas.map((iata) => cities[iata] ?? null),
        },
      },
    }),
    merge: { Airport: { key: 'iata', entry: '_airports' } },
  });
  const trips = defineSubschema({
    backend: defineRestBackend({ name: 'trips', endpoints: 'http://127.0.0.1:1' }),
    builder: makeExecutableSchema({
      typeDefs: /* GraphQL */ `
        type Query { flight(id: ID!): Flight, _flights(ids: [ID!]!): [Flight]!, _stubs(iatas: [ID!]!): [Airport]! }
        type Flight { id: ID! delayMinutes: Int! origin: Airport destination: Airport }
        type Airport { iata: ID! departures(first: Int! = 20): [Flight!]! }
      `,
      resolvers: {
        Query: {
          flight: (_: unknown, { id }: { id: string }) => flight(id),
          _flights: (_: unknown, { ids }: { ids: string[] }) => ids.map(flight),
          _stubs: (_: unknown, { iatas }: { iatas: string[] }) => iatas.map((iata) => ({ iata })),
        },
        Airport: {
          departures: (_: unknown, { first }: { first: number }) =>
            Array.from({ length: first }, (_, index) => flight(String(index + 1))),
        },
      },
    }),
    merge: {
      Flight: { key: 'id', entry: '_flights' },
      Airport: { key: 'iata', entry: '_stubs' },
    },
  });
  return { places, trips };
}

function flight(id: string) {
  return {
    id,
    delayMinutes: Number(id) * 10,
    origin: { iata: 'ATL' },
    destination: { iata: 'JFK' },
  };
}
