import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, graphql } from 'graphql';
import { createServer, defineBff, defineGraphqlBackend, defineSubschema } from 'tailorbird';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '../../src/server/log.ts';
import { toySubschemas } from '../support/toy-graph.ts';

const sdl = /* GraphQL */ `
  type Query { weatherAt(iatas: [ID!]!): [Airport]! }
  type Airport { iata: ID! temperature: Float }
`;
const asked: string[] = [];
let service: Server;
let down = false;

beforeAll(async () => {
  const schema = makeExecutableSchema({
    typeDefs: sdl,
    resolvers: {
      Query: {
        weatherAt: (_: unknown, { iatas }: { iatas: string[] }) =>
          iatas.map((iata) => (iata === 'JFK' ? null : { iata, temperature: iata.length + 20.5 })),
      },
    },
  });
  service = createHttpServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as {
      query: string;
      variables: Record<string, unknown>;
    };
    asked.push(query);
    if (down) return response.writeHead(503).end('maintenance');
    response.setHeader('content-type', 'application/graphql-response+json');
    response.end(
      JSON.stringify(await graphql({ schema, source: query, variableValues: variables })),
    );
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
});
afterAll(() => service.close());

function bff(tailor = {}) {
  const { places, trips } = toySubschemas();
  const { port } = service.address() as AddressInfo;
  const weather = defineSubschema({
    backend: defineGraphqlBackend({ name: 'weather', endpoints: `http://127.0.0.1:${port}` }),
    builder: buildSchema(sdl),
    merge: { Airport: { key: 'iata', entry: 'weatherAt' } },
  });
  return defineBff({ name: 'toy', subschemas: [places, trips, weather], tailor });
}

async function ask(query: string) {
  const server = createServer(bff({ hide: ['Query.weatherAt'] }), {
    logger: createLogger({ environment: 'production', level: 'silent' }),
  });
  const response = await server.fetch(
    new Request('http://bff/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    }),
  );
  await server.close();
  return (await response.json()) as {
    data: unknown;
    errors?: { path: unknown; extensions: object }[];
  };
}

it('merges what a GraphQL service knows, with one document for both ends', async () => {
  asked.length = 0;
  const { data, errors } = await ask(
    '{ flight(id: 1) { origin { city temperature } destination { city warmth: temperature } } }',
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    flight: {
      origin: { city: 'Atlanta', temperature: 23.5 },
      destination: { city: 'New York', warmth: null },
    },
  });
  expect(asked).toHaveLength(1);
});

it('nulls only its own fields when it is down', async () => {
  down = true;
  const { data, errors } = await ask('{ flight(id: 1) { origin { city temperature } } }');
  down = false;
  expect(data).toEqual({ flight: { origin: { city: 'Atlanta', temperature: null } } });
  expect(errors).toMatchObject([
    {
      path: ['flight', 'origin', 'temperature'],
      extensions: { code: 'UPSTREAM_UNAVAILABLE', backend: 'weather' },
    },
  ]);
});

it('keeps its own names', () => {
  expect(() => createServer(bff({ rename: { 'Airport.temperature': 'celsius' } }))).toThrow(
    /"Airport\.temperature", which the GraphQL backend "weather" answers under its own name/,
  );
});
