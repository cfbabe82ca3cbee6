/** Tailorbird on a field derived from three services: the post, its user, its likes. Env: see `serve.ts`. */
import {
  createBffBuilder,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
} from 'tailorbird';
import { type Likes, bylineOf } from '../work/byline-data.ts';
import { postsSubschema, usersSubschema } from './posts-graph.ts';
import { cacheOf, listen, policy, upstream } from './serve.ts';

const likes = defineRestBackend({ name: 'likes', endpoints: upstream, policy });

const likesOf = defineBatch(likes, {
  load: (ids: readonly string[], api) =>
    api.get('/likes', { query: { id: ids } }) as Promise<Likes[]>,
  keyOf: ({ id }: Likes) => String(id),
  cache: cacheOf,
});

const likesBuilder = createSubschemaBuilder();
const PostRef = likesBuilder.objectRef<Likes>('Post');
PostRef.implement({
  fields: (t) => ({
    id: t.exposeInt('id', { nullable: false }),
    likes: t.exposeInt('likes'),
  }),
});
likesBuilder.queryField('_postsWithLikes', (t) =>
  t.entry({ type: PostRef, keys: 'ids', load: (ids, context) => likesOf.loadMany(context, ids) }),
);

const builder = createBffBuilder<{
  Post: {
    __typename: 'Post';
    title: string;
    likes: number | null;
    user: { __typename: 'User'; name: string } | null;
  };
}>();
const postFields = builder.fieldsOn('Post', (t) => ({
  byline: t.derive({
    type: 'String',
    needs: '{ title likes user { name } }',
    resolve: (post) => bylineOf(post.title, post.user?.name, post.likes),
  }),
}));

await listen(
  defineBff({
    name: 'bench',
    subschemas: [
      postsSubschema,
      usersSubschema,
      defineSubschema({
        backend: likes,
        builder: likesBuilder,
        merge: { Post: { key: 'id', entry: '_postsWithLikes' } },
      }),
    ],
    fields: [postFields],
  }),
);
