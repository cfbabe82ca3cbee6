export type TailcallMode = 'plain' | 'batching' | 'dedupe' | 'cache';

/**
 * Tailcall's configuration for the posts and users service.
 *
 * - `plain` asks `/users/1` for each post's user
 * - `batching` asks `/users?id=1&id=2…`
 * - `dedupe` is batching that also shares identical calls in flight
 * - `cache` is dedupe that keeps what it fetched for ten minutes
 */
export function tailcallConfig(mode: TailcallMode, port: number, upstream: string): string {
  const batching = mode !== 'plain';
  const shared = mode === 'dedupe' || mode === 'cache' ? ', dedupe: true' : '';
  const kept = mode === 'cache' ? ' @cache(maxAge: 600000)' : '';
  const user = batching
    ? `url: "${upstream}/users", query: [{key: "id", value: "{{.value.userId}}"}], batchKey: ["id"]`
    : `url: "${upstream}/users/{{.value.userId}}"`;
  return `schema
  @server(port: ${port}, hostname: "127.0.0.1", workers: 1)
  @upstream(poolMaxIdlePerHost: 100${batching ? ', batch: {delay: 1, maxSize: 1000, headers: []}' : ''}) {
  query: Query
}
type Query {
  posts: [Post] @http(url: "${upstream}/posts"${shared})${kept}
  greet: String @expr(body: "Hello World!")
}
type Post {
  id: Int!
  userId: Int!
  title: String!
  body: String!
  user: User @http(${user}${shared})${kept}
}
type User {
  id: Int!
  name: String!
  username: String!
  email: String!
}
`;
}
