/**
 * The services of the posts workloads in one: `/posts`; `/users?id=1&id=2…` (or `?id=1,2…`) and
 * `/users/1`; `/likes?id=…`; and the users as GraphQL, `POST /graphql`. Control paths: see `control.ts`.
 * Bodies are made when they are first asked for, and replayed from then on.
 * Env: `PORT`, `POSTS` (default 100), `USERS` (default 10), `EDITIONS` (default 1: always the same
 * bytes; up to 100: titles and names change with every answer of a path, and start over after so many).
 */
import { createServer, type ServerResponse } from 'node:http';
import { makeLikes } from '../work/byline-data.ts';
import { postsOfEdition, usersOfEdition } from '../work/editions.ts';
import { makePosts, makeUsers } from '../work/posts-data.ts';
import { UpstreamControl } from './control.ts';
import { createUsersGraphql } from './users-graphql.ts';

interface Page {
  readonly bodies: readonly Buffer[];
  next: number;
}

const postCount = Number(process.env['POSTS'] ?? 100);
const userCount = Number(process.env['USERS'] ?? 10);
const editionCount = Number(process.env['EDITIONS'] ?? 1);
const posts = makePosts(postCount, userCount);
const users = makeUsers(userCount);
const likes = makeLikes(postCount);
const editions = Array.from({ length: editionCount }, (_, edition) => ({
  posts: editionCount === 1 ? posts : postsOfEdition(posts, edition),
  users: editionCount === 1 ? users : usersOfEdition(users, edition),
}));
const pages = new Map<string, Page>();
const graphql = createUsersGraphql(users);
const control = new UpstreamControl();

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const path = request.url ?? '/';
  const controlled = control.answerTo(path);
  if (controlled) return send(response, controlled);
  control.count();
  if (path === '/graphql') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = await graphql(Buffer.concat(chunks).toString());
      control.later(() => send(response, body));
    });
    return;
  }
  const page = pages.get(path) ?? makePage(path);
  const body = page.bodies[page.next];
  page.next = (page.next + 1) % page.bodies.length;
  control.later(() => send(response, body));
}).listen(Number(process.env['PORT']), '127.0.0.1');

/** Every edition of what a path answers, nothing for an unknown one; at most 1,000 different pages are kept. */
function makePage(path: string): Page {
  const values = editions.map((edition) => valueOf(path, edition));
  const bodies = values.flatMap((value) =>
    value === undefined ? [] : [Buffer.from(JSON.stringify(value))],
  );
  const page: Page = { bodies, next: 0 };
  if (pages.size < 1_000) pages.set(path, page);
  return page;
}

/** For a list of ids their rows, in the order asked. */
function valueOf(path: string, edition: (typeof editions)[number]): unknown {
  const { pathname, searchParams } = new URL(path, 'http://upstream');
  const ids = searchParams.getAll('id').join().split(',').map(Number);
  if (pathname === '/posts') return edition.posts;
  if (pathname === '/users') return ids.flatMap((id) => edition.users[id - 1] ?? []);
  if (pathname === '/likes') return ids.flatMap((id) => likes[id - 1] ?? []);
  const single = /^\/users\/(\d+)$/.exec(pathname);
  return single ? edition.users[Number(single[1]) - 1] : undefined;
}

function send(response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) response.writeHead(404, { 'content-length': 0 }).end();
  else
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
      .end(body);
}
