import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import type { User } from '../work/posts-data.ts';
import { usersSdl } from '../work/users-sdl.ts';

/** Answers GraphQL requests by their body; each distinct one is executed once and replayed from then on. */
export function createUsersGraphql(users: readonly User[]): (body: string) => Promise<Buffer> {
  const schema = makeExecutableSchema({
    typeDefs: usersSdl,
    resolvers: {
      Query: {
        usersByIds: (_: unknown, { ids }: { ids: string[] }) =>
          ids.map((id) => users[Number(id) - 1] ?? null),
      },
    },
  });
  const answers = new Map<string, Promise<Buffer>>();

  async function execute(body: string): Promise<Buffer> {
    const { query, variables } = JSON.parse(body) as {
      query: string;
      variables?: Record<string, unknown>;
    };
    const result = await graphql({ schema, source: query, variableValues: variables });
    return Buffer.from(JSON.stringify(result));
  }

  return (body) => {
    let answer = answers.get(body);
    if (answer === undefined) {
      answer = execute(body);
      if (answers.size < 1_000) answers.set(body, answer);
    }
    return answer;
  };
}
