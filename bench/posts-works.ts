import { join } from 'node:path';
import type { Contestant, Work } from './contestant.ts';
import { ours } from './ours/contestants.ts';
import { postsPeers } from './peers.ts';
import type { Command } from './processes.ts';
import { posts, users } from './work/posts-data.ts';
import { greetQuery, postsQuery, titlesQuery } from './work/posts-queries.ts';

const handWritten: Contestant = {
  name: 'floor: hand-written, undici',
  kind: 'floor',
  modes: ['uncached'],
  missing: () => undefined,
  command: ({ port, upstream }) => ({
    file: process.execPath,
    args: [join(import.meta.dirname, 'floor/posts.ts')],
    env: { PORT: String(port), UPSTREAM: upstream },
  }),
};

/** The same bytes from a bare server: what no server on Node can undercut. */
export const constantBytes: Contestant = {
  name: 'floor: bare node:http, same bytes',
  kind: 'floor',
  modes: ['cached'],
  missing: () => undefined,
  command: ({ port, answerFile }) => ({
    file: process.execPath,
    args: [join(import.meta.dirname, 'floor/constant.ts')],
    env: { PORT: String(port), ANSWER_FILE: answerFile },
  }),
};

const contestants = [handWritten, constantBytes, ...ours('posts'), ...postsPeers];

export const postsWork: Work = {
  name: 'posts',
  title: '100 posts with their users, 10 of them distinct',
  query: postsQuery,
  expected: {
    posts: posts.map(({ id, userId, title }) => {
      const user = users.find((candidate) => candidate.id === userId);
      return { id, userId, title, user: { id: userId, name: user?.name, email: user?.email } };
    }),
  },
  upstream,
  contestants,
};

export const titlesWork: Work = {
  name: 'titles',
  title: '100 titles',
  query: titlesQuery,
  expected: { posts: posts.map(({ title }) => ({ title })) },
  upstream,
  contestants,
};

export const greetWork: Work = {
  name: 'greet',
  title: 'a constant, nothing fetched',
  query: greetQuery,
  expected: { greet: 'Hello World!' },
  upstream,
  contestants,
};

function upstream(port: number, latencyMs: number): Command {
  return {
    file: process.execPath,
    args: [join(import.meta.dirname, 'upstream/posts.ts')],
    env: { PORT: String(port), LATENCY_MS: String(latencyMs) },
  };
}
