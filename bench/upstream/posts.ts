/**
 * The posts and users service of the benchmark: `/posts`, `/users?id=1&id=2…` (or `?id=1,2…`), `/users/1`.
 * Bodies are made before the first request; `/__calls` tells how many calls came, and is not one.
 * Env: `PORT`, `LATENCY_MS` (default 0: each answer waits so long), `POSTS` (default 100), `USERS` (default 10).
 */
import { createServer, type ServerResponse } from 'node:http';
import { makePosts, makeUsers } from '../work/posts-data.ts';

const latencyMs = Number(process.env['LATENCY_MS'] ?? 0);
const userCount = Number(process.env['USERS'] ?? 10);
const users = makeUsers(userCount);
const bodies = new Map<string, Buffer>([
  [
    '/posts',
    Buffer.from(JSON.stringify(makePosts(Number(process.env['POSTS'] ?? 100), userCount))),
  ],
  ['/users', Buffer.from(JSON.stringify(users))],
  ...users.map((user) => [`/users/${user.id}`, Buffer.from(JSON.stringify(user))] as const),
]);
let calls = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const path = request.url ?? '/';
  if (path === '/__calls') return send(response, Buffer.from(String(calls)));
  calls++;
  const body = bodies.get(path) ?? remember(path);
  if (latencyMs === 0) send(response, body);
  else setTimeout(send, latencyMs, response, body);
});
server.listen(Number(process.env['PORT']), '127.0.0.1');

/** A list of users, in the order of the ids asked; at most 1,000 different lists are kept. */
function remember(path: string): Buffer | undefined {
  const url = new URL(path, 'http://upstream');
  if (url.pathname !== '/users') return undefined;
  const ids = url.searchParams.getAll('id').join().split(',').map(Number);
  const body = Buffer.from(JSON.stringify(ids.flatMap((id) => users[id - 1] ?? [])));
  if (bodies.size < 1_000) bodies.set(path, body);
  return body;
}

function send(response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) response.writeHead(404, { 'content-length': 0 }).end();
  else
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
      .end(body);
}
