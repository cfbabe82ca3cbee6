/** Mercurius on Fastify, compiled by graphql-jit from the first request, with its own loaders. Env: `PORT`, `UPSTREAM`. */
import fastify from 'fastify';
import mercurius from 'mercurius';
import { bylineOf } from '../../work/byline-data.ts';
import { fetchLikes, fetchPosts, fetchUsers, type Post, schemaText } from './upstream.ts';

const app = fastify();
await app.register(mercurius, {
  schema: schemaText,
  resolvers: { Query: { posts: fetchPosts, greet: () => 'Hello World!' } },
  loaders: {
    Post: {
      // Mercurius hands over one entry per distinct post, so the ids still repeat.
      user: async (queries: { obj: Post }[]) => {
        const users = await usersOf(queries);
        return queries.map(({ obj }) => users.get(obj.userId) ?? null);
      },
      byline: async (queries: { obj: Post }[]) => {
        const [users, likes] = await Promise.all([
          usersOf(queries),
          fetchLikes(queries.map(({ obj }) => obj.id)),
        ]);
        return queries.map(({ obj }, index) =>
          bylineOf(obj.title, users.get(obj.userId)?.name, likes[index]),
        );
      },
    },
  },
  jit: 1,
});
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });

async function usersOf(queries: { obj: Post }[]) {
  const ids = [...new Set(queries.map(({ obj }) => obj.userId))];
  const users = await fetchUsers(ids);
  return new Map(ids.map((id, index) => [id, users[index]]));
}
