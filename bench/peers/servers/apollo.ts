/** Apollo Server with a DataLoader per request. Env: `PORT`, `UPSTREAM`. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { bylineOf } from '../../work/byline-data.ts';
import {
  fetchLikes,
  fetchPosts,
  fetchUsers,
  type Post,
  schemaText,
  type User,
} from './upstream.ts';

interface Context {
  users: DataLoader<number, User | null>;
  likes: DataLoader<number, number | null>;
}

const server = new ApolloServer<Context>({
  typeDefs: schemaText,
  resolvers: {
    Query: { posts: fetchPosts, greet: () => 'Hello World!' },
    Post: {
      user: (post: Post, _args: unknown, context: Context) => context.users.load(post.userId),
      byline: async (post: Post, _args: unknown, context: Context) => {
        const [user, likes] = await Promise.all([
          context.users.load(post.userId),
          context.likes.load(post.id),
        ]);
        return bylineOf(post.title, user?.name, likes);
      },
    },
  },
  csrfPrevention: false,
});
await startStandaloneServer(server, {
  listen: { port: Number(process.env['PORT']), host: '127.0.0.1' },
  context: async () => ({
    users: new DataLoader<number, User | null>(fetchUsers),
    likes: new DataLoader<number, number | null>(fetchLikes),
  }),
});
