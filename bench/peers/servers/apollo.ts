/** Apollo Server with a DataLoader per request. Env: `PORT`, `UPSTREAM`. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { fetchPosts, fetchUsers, type Post, schemaText, type User } from './upstream.ts';

interface Context {
  users: DataLoader<number, User | null>;
}

const server = new ApolloServer<Context>({
  typeDefs: schemaText,
  resolvers: {
    Query: { posts: fetchPosts, greet: () => 'Hello World!' },
    Post: {
      user: (post: Post, _args: unknown, context: Context) => context.users.load(post.userId),
    },
  },
  csrfPrevention: false,
});
await startStandaloneServer(server, {
  listen: { port: Number(process.env['PORT']), host: '127.0.0.1' },
  context: async () => ({ users: new DataLoader<number, User | null>(fetchUsers) }),
});
