/** GraphQL Yoga over `stitchSchemas`: a posts and a users subschema, merged on the user's id. Env: `PORT`, `UPSTREAM`. */
import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import { createYoga } from 'graphql-yoga';
import { fetchPosts, fetchUsers } from './upstream.ts';

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
  typeDefs: /* GraphQL */ `
    type Query {
      usersById(ids: [Int!]!): [User]!
    }
    type User {
      id: Int!
      name: String!
      username: String!
      email: String!
    }
  `,
  resolvers: {
    Query: { usersById: (_root: unknown, args: { ids: number[] }) => fetchUsers(args.ids) },
  },
});

const yoga = createYoga({
  schema: stitchSchemas({
    subschemas: [
      { schema: posts },
      {
        schema: users,
        merge: {
          User: {
            selectionSet: '{ id }',
            fieldName: 'usersById',
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
