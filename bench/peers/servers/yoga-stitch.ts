/** GraphQL Yoga over `stitchSchemas`: a posts and a users subschema, merged on the user's id. Env: `PORT`, `UPSTREAM`. */
import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import type { Executor } from '@graphql-tools/utils';
import { print } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { usersSdl } from '../../work/users-sdl.ts';
import { asGraphql, fetchPosts, fetchUsers, send } from './upstream.ts';

const posts = makeExecutableSchema({
  typeDefs: /* GraphQL */ `
    type Query {
      posts: [Post]
      greet: String
    }
    type Post {
      id: Int!
      userId: Int!
      title: String!
      body: String!
      user: User
    }
    type User {
      id: Int!
    }
  `,
  resolvers: {
    Query: { posts: fetchPosts, greet: () => 'Hello World!' },
    Post: { user: (post: { userId: number }) => ({ id: post.userId }) },
  },
});
const users = makeExecutableSchema({
  typeDefs: usersSdl,
  resolvers: {
    Query: {
      usersByIds: (_root: unknown, args: { ids: string[] }) => fetchUsers(args.ids.map(Number)),
    },
  },
});
/** The remote service, asked with whatever document stitching makes. */
const usersExecutor: Executor = ({ document, variables }) =>
  send({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });

const yoga = createYoga({
  schema: stitchSchemas({
    subschemas: [
      { schema: posts },
      {
        schema: users,
        ...(asGraphql ? { executor: usersExecutor } : {}),
        merge: {
          User: {
            selectionSet: '{ id }',
            fieldName: 'usersByIds',
            key: ({ id }: { id: number }) => id,
            argsFromKeys: (ids: readonly number[]) => ({ ids }),
          },
        },
      },
    ],
  }),
  logging: false,
  graphiql: false,
});
createServer(yoga).listen(Number(process.env['PORT']), '127.0.0.1');
