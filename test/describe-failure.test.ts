import { buildSchema, GraphQLError, Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { describeFailure, withDeepStacks } from '../src/describe-failure.ts';

/** What is told of whatever `make` throws, without the line of this file. */
async function told(make: () => unknown): Promise<string> {
  try {
    await withDeepStacks(async () => make());
  } catch (error) {
    const text = await describeFailure(error);
    return text.replace(/describe-failure\.test\.ts:\d+: /, 'here: ');
  }
  return 'nothing';
}

describe('a slip in an SDL', () => {
  it('is told with its line and column, and with the text', async () => {
    const sdl = 'type Query { up: Boolean }\n\ntype Lounge {\n  iata ID!\n}\n';
    expect(await told(() => buildSchema(sdl))).toBe(
      'test/here: Syntax Error: Expected ":", found Name "ID" (line 4, column 8: iata ID!)',
    );
  });

  it('is told with its line and column where the text is at an end', async () => {
    expect(await told(() => buildSchema('type Query {\n'))).toBe(
      'test/here: Syntax Error: Expected Name, found <EOF> (line 2, column 1)',
    );
  });

  it('is told alone where nobody knows its line', async () => {
    const error = new GraphQLError('no place', { source: new Source('x') });
    expect(
      await told(() => {
        throw error;
      }),
    ).toBe('test/here: no place');
  });
});
