/** Tailorbird on posts over REST merged with users from a remote GraphQL service. Env: see `serve.ts`. */
import { buildSchema } from 'graphql';
import { defineBff, defineGraphqlBackend, defineSubschema } from 'tailorbird';
import { usersSdl } from '../work/users-sdl.ts';
import { postsSubschema } from './posts-graph.ts';
import { cacheOf, listen, policy, upstream } from './serve.ts';

const users = defineGraphqlBackend({ name: 'users', endpoints: `${upstream}/graphql`, policy });

await listen(
  defineBff({
    name: 'bench',
    subschemas: [
      postsSubschema,
      defineSubschema({
        backend: users,
        builder: buildSchema(usersSdl),
        merge: { User: { key: 'id', entry: 'usersByIds' } },
        cache: cacheOf,
      }),
    ],
  }),
);
