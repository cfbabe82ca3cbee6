/**
 * The floor: what one would write by hand for exactly these queries. No GraphQL library,
 * but an honest server: it parses the request, asks upstream each time, joins by id, and
 * turns a failed call into `errors` with a path and null where the schema allows it.
 * Env: `PORT`, `UPSTREAM`.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { greetQuery, postsQuery, titlesQuery } from '../work/posts-queries.ts';
import { readBody, sendJson } from './body.ts';

interface Answer {
  data: unknown;
  errors?: { message: string; path: (string | number)[] }[];
}

const upstream = new Pool(process.env['UPSTREAM'] ?? '', { connections: 64, pipelining: 1 });
const handlers = new Map<string, () => Promise<Answer> | Answer>([
  [postsQuery, postsWithUsers],
  [titlesQuery, titles],
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
  const ids = new Set<number>();
  for (const post of posts) ids.add(post.userId);
  const users = await get<{ id: number; name: string; email: string }[]>(
    `/users?id=${[...ids].join('&id=')}`,
  );
  const byId = new Map<number, { id: number; name: string; email: string }>();
  for (const { id, name, email } of users ?? []) byId.set(id, { id, name, email });
  const data = {
    posts: posts.map(({ id, userId, title }) => ({
      id,
      userId,
      title,
      user: byId.get(userId) ?? null,
    })),
  };
  if (users) return { data };
  return { data, errors: posts.map((_, index) => failure(['posts', index, 'user'])) };
}

function failure(path: (string | number)[]) {
  return { message: 'upstream is unavailable', path };
}

/** The parsed answer, or null when the call failed. */
async function get<T>(path: string): Promise<T | null> {
  try {
    const { statusCode, body } = await upstream.request({ method: 'GET', path });
    const text = await body.text();
    return statusCode === 200 ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}
