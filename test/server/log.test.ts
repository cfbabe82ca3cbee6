import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/server/log.ts';
import { stubServer } from '../support/stub-server.ts';

/** A server whose log is kept as the text it would print. */
function printingServer(environment: 'development' | 'production') {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const server = stubServer({ environment, logger: createLogger({ environment, write }) });
  return { ...server, printed: () => lines.join('') };
}

describe('the log of an operation', () => {
  test('is one JSON line with who, what, how long', async () => {
    const server = printingServer('production');
    await server.post(
      { query: 'query Hi { hello }' },
      {
        'x-request-id': 'r-1',
        'graphql-client-name': 'web-app',
        'graphql-client-version': '1.2.3',
      },
    );
    expect(server.printed().match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(server.printed())).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      msg: 'operation',
      bff: 'stub',
      requestId: 'r-1',
      operation: { type: 'query', name: 'Hi' },
      client: { name: 'web-app', version: '1.2.3' },
      transport: 'http',
      ms: expect.any(Number),
      cost: 0,
    });
  });

  test('names the failing backend, its host and cause', async () => {
    const server = printingServer('production');
    await server.post({ query: '{ a: fails(how: DOWN) b: fails(how: DOWN) }' });
    expect(JSON.parse(server.printed())).toMatchObject({
      level: 'warn',
      errors: ['UPSTREAM_UNAVAILABLE'],
      failures: [
        {
          code: 'UPSTREAM_UNAVAILABLE',
          backend: 'flights',
          path: 'a',
          cause: 'connect ECONNREFUSED 10.1.2.3:4102: socket closed by flights.internal:4102',
        },
      ],
    });
  });

  test('has the stack of an error of our own', async () => {
    const server = printingServer('production');
    await server.post({ query: '{ fails(how: BUG) }' });
    expect(JSON.parse(server.printed())).toMatchObject({
      level: 'error',
      failures: [{ code: 'INTERNAL_SERVER_ERROR', stack: expect.stringContaining('stub-server') }],
    });
  });

  test('is at most five readable lines in development', async () => {
    const server = printingServer('development');
    const hows = ['TIMEOUT', 'DOWN', 'BUG', 'SECRET', 'KNOWN', 'HTTP'];
    await server.post({
      query: `query Q { ${hows.map((how) => `${how}: fails(how: ${how})`).join(' ')} }`,
    });
    const lines = server.printed().trimEnd().split('\n');
    expect(lines.length).toBe(5);
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d error stub query Q [\d.]+ ms · .*UPSTREAM_TIMEOUT/);
    expect(lines[1]).toContain('flights.internal:4102');
  });

  test('never has variables, tokens, cookies or a document', async () => {
    for (const environment of ['development', 'production'] as const) {
      const server = printingServer(environment);
      const headers = { authorization: 'Bearer t0psecret', cookie: 'sid=t0psecret' };
      const query = 'query ($name: String) { hello(name: $name) fails(how: SECRET) }';
      await server.post({ query, variables: { name: 't0psecret' } }, headers);
      await server.post({
        query: 'query ($n: Int!) { count(from: $n) }',
        variables: { n: 't0psecret' },
      });
      await server.post({ query: '{ hello(name: "t0psecret"' });
      expect(server.printed()).not.toMatch(/t0psecret|hunter2|abc\.def|user:pw/);
    }
  });

  test('a client cannot forge a line', async () => {
    const server = printingServer('development');
    await server.fetch(
      new Request('http://stub.invalid/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'graphql-client-name': `x${'y'.repeat(500)}`,
        },
        body: JSON.stringify({ query: '{ hello }' }),
      }),
    );
    expect(server.printed().length).toBeLessThan(250);
  });

  test('refusals are logged too, by code', async () => {
    const server = printingServer('production');
    await server.post({ query: '{ nothing }' });
    expect(JSON.parse(server.printed())).toMatchObject({
      level: 'info',
      errors: ['GRAPHQL_VALIDATION_FAILED'],
    });
  });
});
