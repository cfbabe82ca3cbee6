import { describe, expect, test } from 'vitest';
import { registeredOperations } from '../../../src/server/admission/registered-operations.ts';
import { stubServer } from '../../support/stub-server.ts';

const greeting = 'query A { hello }';
const hello = { data: { hello: 'hello world' } };

/** What each of several requests was answered with: its data, or the code of its error. */
async function answers(...bodies: readonly object[]) {
  const server = stubServer({
    registered: registeredOperations([{ file: 'x', operations: { a: greeting } }]),
  });
  const told: unknown[] = [];
  for (const body of bodies) {
    const answer = (await (await server.post(body)).json()) as {
      errors?: { extensions: { code: string } }[];
    };
    told.push(answer.errors?.[0]?.extensions.code ?? answer);
  }
  await server.close();
  return told;
}

const parseFailed = 'GRAPHQL_PARSE_FAILED';

describe('what was admitted', () => {
  test('lets in no text that begins with its name', async () => {
    const text = { query: `A\0${greeting}` };
    const named = { query: greeting, operationName: 'A' };
    expect(await answers(text, named, text)).toEqual([parseFailed, hello, parseFailed]);
  });

  test('lets in no name that goes on with its text', async () => {
    const query = `# one\0\n${greeting}`;
    const other = { query: `\n${greeting}`, operationName: 'A\0# one' };
    const code = 'GRAPHQL_VALIDATION_FAILED';
    expect(await answers(other, { query, operationName: 'A' }, other)).toEqual([code, hello, code]);
  });

  test('by its id lets in no text that is the id, nor the other way round', async () => {
    const text = { query: 'a' };
    expect(await answers(text, { documentId: 'a' }, text)).toEqual([
      parseFailed,
      hello,
      parseFailed,
    ]);
    const named = { query: 'a', operationName: 'A' };
    const byId = { documentId: 'a', operationName: 'A' };
    expect(await answers(named, byId, named)).toEqual([parseFailed, hello, parseFailed]);
  });
});

test('an empty name is none, whatever ran before', async () => {
  const empty = { query: greeting, operationName: '' };
  expect(await answers(empty, { query: greeting }, empty)).toEqual([hello, hello, hello]);
  const two = { query: 'query A { hello } query B { hello }', operationName: '' };
  expect(await answers(two)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
});
