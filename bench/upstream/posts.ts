/**
 * The services of the posts workloads in one: `/posts`; `/users?id=1&id=2…` (or `?id=1,2…`) and
 * `/users/1`; `/likes?id=…`; and the users as GraphQL, `POST /graphql`.
 * Bodies are made before the first request; `/__calls` tells how many calls came, and is not one.
 * Env: `PORT`, `LATENCY_MS` (default 0: each answer waits so long), `POSTS` (default 100), `USERS` (default 10).
 */
import { createServer, type ServerResponse } from 'node:http';
import { makeLikes } from '../work/byline-data.ts';
import { makePosts, makeUsers } from '../work/posts-data.ts';
import { createUsersGraphql } from './users-graphql.ts';

const latencyMs = Number(process.env['LATENCY_MS'] ?? 0);
const postCount = Number(process.env['POSTS'] ?? 100);
const userCount = Number(process.env['USERS'] ?? 10);
const users = makeUsers(userCount);
const lists: Record<string, readonly unknown[]> = {
  '/users': users,
  '/likes': makeLikes(postCount),
};
const bodies = new Map<string, Buffer>([
  ['/posts', Buffer.from(JSON.stringify(makePosts(postCount, userCount)))],
  ...users.map((user) => [`/users/${user.id}`, Buffer.from(JSON.stringify(user))] as const),
]);
const graphql = createUsersGraphql(users);
let calls = 0;

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const path = request.url ?? '/';
  if (path === '/__calls') return send(response, Buffer.from(String(calls)));
  calls++;
  if (path === '/graphql') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => later(response, await graphql(Buffer.concat(chunks).toString())));
  } else later(response, bodies.get(path) ?? remember(path));
}).listen(Number(process.env['PORT']), '127.0.0.1');

/** The rows of the ids asked, in that order; at most 1,000 different lists are kept. */
function remember(path: string): Buffer | undefined {
  const url = new URL(path, 'http://upstream');
  const list = lists[url.pathname];
  if (list === undefined) return undefined;
  const ids = url.searchParams.getAll('id').join().split(',').map(Number);
  const body = Buffer.from(JSON.stringify(ids.flatMap((id) => list[id - 1] ?? [])));
  if (bodies.size < 1_000) bodies.set(path, body);
  return body;
}

function later(response: ServerResponse, body: Buffer | undefined): void {
  if (latencyMs === 0) send(response, body);
  else setTimeout(send, latencyMs, response, body);
}

function send(response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) response.writeHead(404, { 'content-length': 0 }).end();
  else
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
      .end(body);
}
