/** Hive Gateway's supergraph, composed by Mesh from two REST services. Env: `UPSTREAM`. */
import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

const endpoint = process.env['UPSTREAM'] ?? '';

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadOpenAPISubgraph('posts', {
        source: new URL('./posts.json', import.meta.url).pathname,
        endpoint,
      }),
    },
    {
      sourceHandler: loadOpenAPISubgraph('users', {
        source: new URL('./users.json', import.meta.url).pathname,
        endpoint,
      }),
    },
  ],
  additionalTypeDefs: /* GraphQL */ `
    extend type Post {
      user: User
        @resolveTo(
          sourceName: "users"
          sourceTypeName: "Query"
          sourceFieldName: "usersById"
          requiredSelectionSet: "{ userId }"
          keyField: "userId"
          keysArg: "id"
        )
    }
    extend type Query {
      greet: String
    }
  `,
});
