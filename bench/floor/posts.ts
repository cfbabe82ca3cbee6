/**
 * The floor: what one would write by hand for exactly these queries. No GraphQL library,
 * but an honest server: it parses the request, asks upstream each time, joins by id, and
 * turns a failed call into `errors` with a path and null where the schema allows it.
 * Env: `PORT`, `UPSTREAM`, and `USERS_AS` (`rest`, by default, or `graphql`).
 */
import { createServer } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { bylineOf, bylineQuery, type Likes } from '../work/byline-data.ts';
import { greetQuery, postsQuery, titlesQuery } from '../work/posts-queries.ts';
import { readBody, sendJson } from './body.ts';

interface User {
  id: number;
  name: string;
  email: string;
}

interface Answer {
  data: unknown;
  errors?: { message: string; path: (string | number)[] }[];
}

const upstream = new Pool(process.env['UPSTREAM'] ?? '', { connections: 64, pipelining: 1 });
const asGraphql = process.env['USERS_AS'] === 'graphql';
const handlers = new Map<string, () => Promise<Answer> | Answer>([
  [postsQuery, postsWithUsers],
  [titlesQuery, titles],
  [bylineQuery, bylines],
  [greetQuery, () => ({ data: { greet: 'Hello World!' } })],
]);

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  readBody(request, (body) => {
    const handler = body && handlers.get(body.query);
    if (!handler) return sendJson(response, 400, { errors: [{ message: 'unknown query' }] });
    Promise.resolve(handler()).then(
      (answer) => sendJson(response, 200, answer),
      () => sendJson(response, 500, { errors: [{ message: 'internal error' }] }),
    );
  });
}).listen(Number(process.env['PORT']), '127.0.0.1');

async function titles(): Promise<Answer> {
  const posts = await get<{ title: string }[]>('/posts');
  if (!posts) return { data: { posts: null }, errors: [failure(['posts'])] };
  return { data: { posts: posts.map(({ title }) => ({ title })) } };
}

async function postsWithUsers(): Promise<Answer> {
  const posts = await get<{ id: number; userId: number; title: string }[]>('/posts');
  if (!posts) return { data: { posts: null }, errors: [failure(['posts'])] };
  const users = await usersOf(posts);
  const data = {
    posts: posts.map(({ id, userId, title }) => ({
      id,
      userId,
      title,
      user: users?.get(userId) ?? null,
    })),
  };
  if (users) return { data };
  return { data, errors: posts.map((_, index) => failure(['posts', index, 'user'])) };
}

async function bylines(): Promise<Answer> {
  const posts = await get<{ id: number; userId: number; title: string }[]>('/posts');
  if (!posts) return { data: { posts: null }, errors: [failure(['posts'])] };
  const [users, likes] = await Promise.all([
    usersOf(posts),
    get<Likes[]>(`/likes?id=${posts.map(({ id }) => id).join('&id=')}`),
  ]);
  const likesById = new Map(likes?.map(({ id, likes }) => [id, likes]));
  const data = {
    posts: posts.map(({ id, userId, title }) => ({
      id,
      byline: bylineOf(title, users?.get(userId)?.name, likesById.get(id)),
    })),
  };
  if (users && likes) return { data };
  return { data, errors: posts.map((_, index) => failure(['posts', index, 'byline'])) };
}

/** Users by id, with the fields that a client may see; null when the call failed. */
async function usersOf(posts: readonly { userId: number }[]): Promise<Map<number, User> | null> {
  const ids = new Set<number>();
  for (const post of posts) ids.add(post.userId);
  const users = asGraphql
    ? (await postUsers([...ids]))?.data?.usersByIds
    : await get<User[]>(`/users?id=${[...ids].join('&id=')}`);
  if (!users) return null;
  const byId = new Map<number, User>();
  for (const { id, name, email } of users) byId.set(id, { id, name, email });
  return byId;
}

function failure(path: (string | number)[]) {
  return { message: 'upstream is unavailable', path };
}

function postUsers(ids: number[]) {
  const query = 'query ($ids: [ID!]!) { usersByIds(ids: $ids) { id name email } }';
  return send<{ data?: { usersByIds: User[] } }>({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { ids } }),
  });
}

function get<T>(path: string): Promise<T | null> {
  return send<T>({ method: 'GET', path });
}

/** The parsed answer, or null when the call failed. */
async function send<T>(options: Dispatcher.RequestOptions): Promise<T | null> {
  try {
    const { statusCode, body } = await upstream.request(options);
    const text = await body.text();
    return statusCode === 200 ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}
