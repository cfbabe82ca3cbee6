import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLScalarType } from 'graphql';
import { createClient } from 'graphql-ws';
import { createServer, defineBff, defineRestBackend, defineSubschema } from 'tailorbird';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type LoggedLine, listLogger } from '../support/stub-server.ts';

const typeDefs = /* GraphQL */ `
  scalar Big
  type Query { ok: String big: Big fails: String }
  type Mutation { big: Big }
`;
const big = () => 1n;
const fails = () => {
  throw new Error('it does');
};
const Big = new GraphQLScalarType({ name: 'Big', serialize: (value) => value });
const resolvers = { Big, Query: { ok: () => 'ok', big, fails }, Mutation: { big } };

const log: LoggedLine[] = [];
const backend = defineRestBackend({ name: 'toy', endpoints: 'http://127.0.0.1:1' });
const builder = makeExecutableSchema({ typeDefs, resolvers });
const server = createServer(
  defineBff({ name: 'toy', subschemas: [defineSubschema({ backend, builder })] }),
  { environment: 'production', persistedOnly: false, rateLimit: false, logger: listLogger(log) },
);
let url = '';
beforeAll(async () => {
  ({ url } = await server.listen());
});
beforeEach(() => {
  log.length = 0;
});
afterAll(() => server.close());

const ask = (query: string, accept: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query }),
  });

const failure = {
  message: 'Something went wrong on our side.',
  extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String), retryable: false },
};
/** The id of the one line that was logged. */
function loggedId(): unknown {
  expect(log).toMatchObject([
    { level: 'error', fields: { errors: expect.arrayContaining(['INTERNAL_SERVER_ERROR']) } },
  ]);
  expect(JSON.stringify(log)).toContain('BigInt');
  return log[0]?.fields['requestId'];
}

describe('a value that JSON does not have', () => {
  const queries = ['{ big }', '{ big fails }', 'mutation { big }'];

  test.each(queries)('%s is 500 with the id of its line', async (query) => {
    const answer = await ask(query, 'application/json');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ errors: [failure] });
    expect(answer.headers.get('x-request-id')).toBe(loggedId());
  });

  test.each(queries)('%s is one event over SSE', async (query) => {
    const text = await (await ask(query, 'text/event-stream')).text();
    expect(text).toContain('"INTERNAL_SERVER_ERROR"');
    expect(text).toContain('event: complete');
    loggedId();
  });

  test.each(queries)('%s is an error of its operation over a WebSocket', async (query) => {
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const refused = await new Promise((resolve) => {
      client.subscribe({ query }, { next: resolve, error: resolve, complete: () => {} });
    });
    expect(refused).toEqual([failure]);
    loggedId();
    await client.dispose();
  });

  test.each([
    ['{ ok ... @defer { big } }', [{ data: { ok: 'ok' }, hasNext: true }]],
    ['{ big ... @defer { ok } }', []],
  ])('%s ends with a part that says so', async (query, before) => {
    const text = await (await ask(query, 'multipart/mixed')).text();
    const parts = text.split('\r\n---').filter((part) => part.includes('{'));
    expect(parts.map((part) => JSON.parse(part.slice(part.indexOf('{'))) as unknown)).toEqual([
      ...before,
      { errors: [failure], hasNext: false },
    ]);
    loggedId();
  });
});
