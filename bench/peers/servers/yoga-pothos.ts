/** GraphQL Yoga with one Pothos schema and a DataLoader per request. Env: `PORT`, `UPSTREAM`, `CACHED`. */
import { createServer } from 'node:http';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import SchemaBuilder from '@pothos/core';
import DataLoader from 'dataloader';
import { createYoga } from 'graphql-yoga';
import { bylineOf } from '../../work/byline-data.ts';
import { fetchLikes, fetchPosts, fetchUsers, type Post, type User } from './upstream.ts';

interface Context {
  users: DataLoader<number, User | null>;
  likes: DataLoader<number, number | null>;
}

const builder = new SchemaBuilder<{ Context: Context; Objects: { Post: Post; User: User } }>({});
builder.objectType('User', {
  fields: (t) => ({
    id: t.exposeInt('id'),
    name: t.exposeString('name'),
    email: t.exposeString('email'),
  }),
});
builder.objectType('Post', {
  fields: (t) => ({
    id: t.exposeInt('id'),
    userId: t.exposeInt('userId'),
    title: t.exposeString('title'),
    user: t.field({
      type: 'User',
      nullable: true,
      resolve: (post, _args, context) => context.users.load(post.userId),
    }),
    byline: t.string({
      nullable: true,
      resolve: async (post, _args, context) => {
        const [user, likes] = await Promise.all([
          context.users.load(post.userId),
          context.likes.load(post.id),
        ]);
        return bylineOf(post.title, user?.name, likes);
      },
    }),
  }),
});
builder.queryType({
  fields: (t) => ({
    posts: t.field({ type: ['Post'], nullable: true, resolve: fetchPosts }),
    greet: t.string({ nullable: true, resolve: () => 'Hello World!' }),
  }),
});

const yoga = createYoga({
  schema: builder.toSchema(),
  context: () => ({
    users: new DataLoader<number, User | null>(fetchUsers),
    likes: new DataLoader<number, number | null>(fetchLikes),
  }),
  plugins:
    process.env['CACHED'] === '1' ? [useResponseCache({ session: () => null, ttl: 600_000 })] : [],
  logging: false,
  graphiql: false,
});
createServer(yoga).listen(Number(process.env['PORT']), '127.0.0.1');
