/** Hive Gateway's supergraph, composed by Mesh from two REST services, or posts over REST and users as GraphQL. Env: `UPSTREAM`, `USERS_AS`. */
import { defineConfig, loadGraphQLHTTPSubgraph } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

const endpoint = process.env['UPSTREAM'] ?? '';
const asGraphql = process.env['USERS_AS'] === 'graphql';

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadOpenAPISubgraph('posts', {
        source: new URL('./posts.json', import.meta.url).pathname,
        endpoint,
      }),
    },
    {
      sourceHandler: asGraphql
        ? loadGraphQLHTTPSubgraph('users', { endpoint: `${endpoint}/graphql` })
        : loadOpenAPISubgraph('users', {
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
          sourceFieldName: "${asGraphql ? 'usersByIds' : 'usersById'}"
          requiredSelectionSet: "{ userId }"
          keyField: "userId"
          keysArg: "${asGraphql ? 'ids' : 'id'}"
        )
    }
    extend type Query {
      greet: String
    }
  `,
});
