import { Pool } from 'undici';

/** The same calls, over the same client, for every peer that leaves fetching to its user. Env: `UPSTREAM`. */
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

const pool = new Pool(process.env['UPSTREAM'] ?? '', { connections: 64, pipelining: 1 });

export const fetchPosts = (): Promise<Post[]> => get<Post[]>('/posts');

/** Users in the order of `ids`; null where there is none. */
export async function fetchUsers(ids: readonly number[]): Promise<(User | null)[]> {
  const users = await get<User[]>(`/users?id=${ids.join('&id=')}`);
  const byId = new Map(users.map((user) => [user.id, user]));
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

async function get<T>(path: string): Promise<T> {
  const { statusCode, body } = await pool.request({ method: 'GET', path });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`upstream answered ${statusCode}`);
  return JSON.parse(text) as T;
}
