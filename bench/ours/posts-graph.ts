import {
  createSubschemaBuilder,
  defineBatch,
  defineRestBackend,
  defineSubschema,
} from 'tailorbird';
import type { Post, User } from '../work/posts-data.ts';
import { cacheOf, isPublic, policy, upstream } from './serve.ts';

const posts = defineRestBackend({ name: 'posts', endpoints: upstream, policy });
const users = defineRestBackend({ name: 'users', endpoints: upstream, policy });

const userById = defineBatch(users, {
  load: (ids: readonly string[], api) =>
    api.get('/users', { query: { id: ids } }) as Promise<User[]>,
  keyOf: (user: User) => String(user.id),
  cache: cacheOf,
});

/** The list as a batch of one key, so that it can be kept, or shared. */
const postsOf = defineBatch(posts, {
  load: async (keys: readonly 'all'[], api) => {
    const rows = (await api.get('/posts')) as Post[];
    return keys.map((key) => ({ key, rows }));
  },
  keyOf: ({ key }) => key,
  value: ({ rows }) => rows,
  cache: cacheOf,
});

const postsBuilder = createSubschemaBuilder();
const UserStub = postsBuilder.objectRef<{ id: number }>('User');
UserStub.implement({ fields: (t) => ({ id: t.exposeInt('id', { nullable: false }) }) });
const PostRef = postsBuilder.objectRef<Post>('Post');
PostRef.implement({
  fields: (t) => ({
    id: t.exposeInt('id', { nullable: false }),
    userId: t.exposeInt('userId', { nullable: false }),
    title: t.exposeString('title', { nullable: false }),
    body: t.exposeString('body', { nullable: false }),
    user: t.reference('userId', { type: UserStub, key: 'id' }),
  }),
});
postsBuilder.queryFields((t) => ({
  greet: t.string({ resolve: () => 'Hello World!' }),
  posts: t.field({
    type: [PostRef],
    resolve: (_, _args, context) =>
      isPublic
        ? postsOf.load(context, 'all')
        : (posts.api(context).get('/posts') as Promise<readonly Post[]>),
  }),
}));

const usersBuilder = createSubschemaBuilder();
const UserRef = usersBuilder.objectRef<User>('User');
UserRef.implement({
  fields: (t) => ({
    id: t.exposeInt('id', { nullable: false }),
    name: t.exposeString('name', { nullable: false }),
    username: t.exposeString('username', { nullable: false }),
    email: t.exposeString('email', { nullable: false }),
  }),
});
usersBuilder.queryField('_usersById', (t) =>
  t.entry({
    type: UserRef,
    keys: 'ids',
    load: (ids, context) => userById.loadMany(context, ids),
  }),
);

/** Posts over REST; a post knows its user by id alone. */
export const postsSubschema = defineSubschema({ backend: posts, builder: postsBuilder });

/** Users over REST, by id. */
export const usersSubschema = defineSubschema({
  backend: users,
  builder: usersBuilder,
  merge: { User: { key: 'id', entry: '_usersById' } },
});
