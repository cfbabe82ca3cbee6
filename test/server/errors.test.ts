import { describe, expect, test } from 'vitest';
import { redactHosts, redactSecrets } from '../../src/server/redact.ts';
import { stubServer } from '../support/stub-server.ts';

const development = stubServer();
const production = stubServer({ environment: 'production' });
const both = [development, production];

const hosts = /10\.|flights\.internal|localhost|:4102|:5432|db\.internal/;

async function firstError(server: typeof development, query: string, variables?: object) {
  const answer = await server.post({ query, variables });
  const body = (await answer.json()) as { data?: unknown; errors: Record<string, unknown>[] };
  return { status: answer.status, headers: answer.headers, body, error: body.errors[0] };
}

describe('an error in a field', () => {
  test.each([
    ['TIMEOUT', 'UPSTREAM_TIMEOUT', 'The flights service did not answer in time.'],
    ['DOWN', 'UPSTREAM_UNAVAILABLE', 'The flights service is not available right now.'],
  ])('%s of a backend is a sentence with code, backend and path', async (how, code, message) => {
    for (const server of both) {
      const { status, body, error } = await firstError(server, `{ hello fails(how: ${how}) }`);
      expect(status).toBe(200);
      expect(body.data).toEqual({ hello: 'hello world', fails: null });
      expect(error).toEqual({
        message,
        path: ['fails'],
        locations: [{ line: 1, column: 9 }],
        extensions: { code, requestId: expect.any(String), retryable: true, backend: 'flights' },
      });
    }
  });

  test('with a known code of ours passes, without its other extensions', async () => {
    for (const server of both) {
      const { error } = await firstError(server, '{ fails(how: KNOWN) }');
      expect(error).toMatchObject({ message: 'The cursor "x" is not one of ours.' });
      expect(error?.['extensions']).toEqual({
        code: 'BAD_USER_INPUT',
        requestId: expect.any(String),
        retryable: false,
      });
    }
  });

  test('does not decide the status or the headers of the answer', async () => {
    const { status, headers } = await firstError(production, '{ fails(how: HTTP) }');
    expect(status).toBe(200);
    expect(headers.get('x-leak')).toBeNull();
  });

  test('of any other kind is one sentence in production, and no host in development', async () => {
    const sentence = 'Something went wrong on our side.';
    expect((await firstError(production, '{ fails(how: BUG) }')).error?.['message']).toBe(sentence);
    const { error } = await firstError(development, '{ fails(how: BUG) }');
    expect(error?.['message']).toBe(
      `${sentence} cannot read "x" of undefined at [address] ([address])`,
    );
    expect(error?.['extensions']).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  });

  test('that nulls everything is still HTTP 200 with data', async () => {
    const { status, body } = await firstError(production, '{ must(how: DOWN) }');
    expect(status).toBe(200);
    expect(body.data).toBeNull();
  });

  test('never shows a host or a stack', async () => {
    for (const server of both) {
      for (const how of ['TIMEOUT', 'DOWN', 'KNOWN', 'BUG', 'SECRET', 'HTTP']) {
        const { body } = await firstError(server, `{ fails(how: ${how}) }`);
        expect(JSON.stringify(body)).not.toMatch(hosts);
        expect(JSON.stringify(body)).not.toMatch(/\bat \w+ \(|node_modules/);
      }
    }
  });
});

describe('an error in the request', () => {
  test('a syntax error keeps its place', async () => {
    const { error } = await firstError(production, '{ hello(');
    expect(error).toMatchObject({
      message: 'Syntax Error: Expected Name, found <EOF>.',
      locations: [{ line: 1, column: 9 }],
      extensions: { code: 'GRAPHQL_PARSE_FAILED' },
    });
  });

  test('an unknown field gets a suggestion in development and none in production', async () => {
    const query = '{ helo vewer }';
    expect(
      (await firstError(development, query)).body.errors.map(({ message }) => message),
    ).toEqual([
      'Cannot query field "helo" on type "Query". Did you mean "hello"?',
      'Cannot query field "vewer" on type "Query". Did you mean "viewer"?',
    ]);
    expect((await firstError(production, query)).body.errors).toMatchObject([
      {
        message: 'Cannot query field "helo" on type "Query".',
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });

  test('an unknown argument and enum value get none in production either', async () => {
    for (const query of [
      '{ hello(nam: "x") }',
      '{ fails(how: TIMEOT) }',
      '{ node { ... on Nod { id } } }',
    ]) {
      const text = JSON.stringify((await firstError(production, query)).body);
      expect(text).not.toContain('Did you mean');
    }
  });

  test('a variable is never shown in production', async () => {
    const query = 'query ($from: Int!) { count(from: $from) }';
    const { error } = await firstError(production, query, { from: 'top-secret' });
    expect(error).toMatchObject({
      message: 'Variable "$from" got an invalid value.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await firstError(development, query, { from: 'here' })).error).toMatchObject({
      message: expect.stringContaining('"here"'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('says which operations there are', async () => {
    const query = 'query A { hello } query B { hello }';
    expect((await firstError(development, query)).error).toMatchObject({
      message: 'The document has 2 operations; "operationName" must say which one to run.',
    });
    expect((await firstError(development, 'fragment F on Query { hello }')).error).toMatchObject({
      message: 'The document has no operation to run.',
    });
  });
});

describe('redaction', () => {
  test.each([
    'connect ECONNREFUSED 127.0.0.1:4102',
    'connect ECONNREFUSED ::1:4102',
    'getaddrinfo ENOTFOUND flights.internal',
    'https://user:pw@flights.internal:8443/x?y=1 answered 500',
    '14 UNAVAILABLE: No connection established. Last error: flights:4102',
    'at [2001:db8::7]:443',
  ])('%s loses its address', (text) => {
    expect(redactHosts(text)).not.toMatch(/127\.|::1|internal|4102|8443|flights:|2001/);
  });

  test('leaves ordinary sentences alone', () => {
    const text = 'Cannot return null for non-nullable field Flight.id: it took 12:30 of 3.5 s';
    expect(redactHosts(text)).toBe(text);
  });

  test.each([
    'Authorization: Bearer abc.def',
    'cookie=sid=s3cr3t; path=/',
    '{"password":"s3cr3t"}',
    'https://ada:s3cr3t@host/x',
    'token eyJhbGciOiJI.eyJzdWIiOiIx.s3cr3t',
  ])('%s loses its secret', (text) => {
    expect(redactSecrets(text)).not.toMatch(/s3cr3t|abc\.def|eyJ/);
  });
});
