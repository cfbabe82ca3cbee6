import { type Dispatcher, Pool } from 'undici';
import type { Likes } from '../../work/byline-data.ts';

/** The same calls, over the same client, for every peer that leaves fetching to its user. Env: `UPSTREAM`, `USERS_AS`. */
export interface Post {
  id: number;
  userId: number;
  title: string;
}

export interface User {
  id: number;
  name: string;
  email: string;
}

/** Whether users come from the remote GraphQL service, and not over REST. */
export const asGraphql = process.env['USERS_AS'] === 'graphql';

const pool = new Pool(process.env['UPSTREAM'] ?? '', { connections: 64, pipelining: 1 });

export const fetchPosts = (): Promise<Post[]> => get<Post[]>('/posts');

/** Users in the order of `ids`; null where there is none. */
export async function fetchUsers(ids: readonly number[]): Promise<(User | null)[]> {
  const users = asGraphql
    ? await postUsers(ids)
    : await get<User[]>(`/users?id=${ids.join('&id=')}`);
  const byId = new Map(users.map((user) => [user.id, user]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** How often each post is liked, in the order of `ids`. */
export async function fetchLikes(ids: readonly number[]): Promise<(number | null)[]> {
  const rows = await get<Likes[]>(`/likes?id=${ids.join('&id=')}`);
  const byId = new Map(rows.map(({ id, likes }) => [id, likes]));
  return ids.map((id) => byId.get(id) ?? null);
}

export const schemaText = /* GraphQL */ `
  type Query {
    posts: [Post]
    greet: String
  }
  type Post {
    id: Int!
    userId: Int!
    title: String!
    body: String!
    byline: String
    user: User
  }
  type User {
    id: Int!
    name: String!
    username: String!
    email: String!
    phone: String
    website: String
  }
`;

async function postUsers(ids: readonly number[]): Promise<User[]> {
  const query = 'query ($ids: [ID!]!) { usersByIds(ids: $ids) { id name email } }';
  const { data } = await send<{ data: { usersByIds: User[] } }>({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { ids } }),
  });
  return data.usersByIds;
}

const get = <T>(path: string): Promise<T> => send<T>({ method: 'GET', path });

/** The parsed answer. Fails: Error with the status, unless that is 200. */
export async function send<T>(options: Dispatcher.RequestOptions): Promise<T> {
  const { statusCode, body } = await pool.request(options);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`upstream answered ${statusCode}`);
  return JSON.parse(text) as T;
}
