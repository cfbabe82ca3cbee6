import { join } from 'node:path';
import { type Work, withEnv } from './contestant.ts';
import { constantBytes, handWritten, ours, oursSharing } from './own-contestants.ts';
import { bylinePeers, postsPeers, remotePeers } from './peers.ts';
import { bylineOf, bylineQuery, makeLikes } from './work/byline-data.ts';
import { isSomeEdition } from './work/editions.ts';
import { makePosts, makeUsers } from './work/posts-data.ts';
import { greetQuery, postsQuery, titlesQuery } from './work/posts-queries.ts';

const contestants = [
  handWritten('posts', ['uncached']),
  constantBytes,
  ours('posts'),
  ...postsPeers,
];

export const postsWork: Work = {
  name: 'posts',
  title: '100 posts with their users, 10 of them distinct',
  query: postsQuery,
  expected: joined(100, 10),
  upstream: upstreamOf(100, 10),
  contestants: [...contestants, oursSharing('posts')],
};

/** One peer of each kind; what the others are worth, `posts` says. */
export const changingWork: Work = {
  name: 'changing',
  title: '100 posts with their users, other titles and names in every answer of upstream',
  query: postsQuery,
  isRight: isSomeEdition(makePosts(100, 10), makeUsers(10)),
  upstream: upstreamOf(100, 10, 64),
  contestants: contestants.filter(({ name }) =>
    /^(floor: hand|tailorbird|mercurius|tailcall, batching|hive gateway, mesh)/.test(name),
  ),
};

export const listWork: Work = {
  name: 'list',
  title: '1,000 posts with their users, 100 of them distinct',
  query: postsQuery,
  expected: joined(1_000, 100),
  upstream: upstreamOf(1_000, 100),
  connections: 16,
  // A thousand calls a query measure Tailcall's client and our upstream, not a gateway.
  contestants: contestants.filter(({ name }) => name !== 'tailcall, plain'),
};

export const bylineWork: Work = {
  name: 'derived',
  title: '100 posts with a field derived from three services',
  query: bylineQuery,
  expected: { posts: bylines(100, 10) },
  upstream: upstreamOf(100, 10),
  contestants: [handWritten('posts', ['uncached']), constantBytes, ours('byline'), ...bylinePeers],
};

export const remoteWork: Work = {
  name: 'remote',
  title: '100 posts over REST with their users from a remote GraphQL service',
  query: postsQuery,
  expected: joined(100, 10),
  upstream: upstreamOf(100, 10),
  contestants: [
    withEnv(handWritten('posts', ['uncached']), { USERS_AS: 'graphql' }),
    constantBytes,
    ours('remote'),
    ...remotePeers,
  ],
};

export const titlesWork: Work = {
  name: 'titles',
  title: '100 titles',
  query: titlesQuery,
  expected: { posts: makePosts(100, 10).map(({ title }) => ({ title })) },
  upstream: upstreamOf(100, 10),
  contestants,
};

export const greetWork: Work = {
  name: 'greet',
  title: 'a constant, nothing fetched',
  query: greetQuery,
  expected: { greet: 'Hello World!' },
  upstream: upstreamOf(100, 10),
  contestants,
};

function joined(postCount: number, userCount: number): unknown {
  const users = makeUsers(userCount).map(({ id, name, email }) => ({ id, name, email }));
  return {
    posts: makePosts(postCount, userCount).map(({ id, userId, title }) => ({
      id,
      userId,
      title,
      user: users[userId - 1],
    })),
  };
}

function bylines(postCount: number, userCount: number) {
  const users = makeUsers(userCount);
  const likes = makeLikes(postCount);
  return makePosts(postCount, userCount).map(({ id, userId, title }) => ({
    id,
    byline: bylineOf(title, users[userId - 1]?.name, likes[id - 1]?.likes),
  }));
}

function upstreamOf(postCount: number, userCount: number, editions = 1): Work['upstream'] {
  return ({ http }) => ({
    file: process.execPath,
    args: [join(import.meta.dirname, 'upstream/posts.ts')],
    env: {
      PORT: String(http),
      POSTS: String(postCount),
      USERS: String(userCount),
      EDITIONS: String(editions),
    },
  });
}
