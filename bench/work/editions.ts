import { isDeepStrictEqual } from 'node:util';
import type { Post, User } from './posts-data.ts';

/** Posts whose titles, and users whose names, tell which edition they are of; all editions are equally long. */
export const postsOfEdition = (posts: readonly Post[], edition: number): Post[] =>
  posts.map((post) => ({ ...post, title: marked(post.title, edition) }));

export const usersOfEdition = (users: readonly User[], edition: number): User[] =>
  users.map((user) => ({ ...user, name: marked(user.name, edition) }));

/** The posts query's `data`, of one edition of the posts and one of the users. */
export function joinedEdition(
  posts: readonly Post[],
  users: readonly User[],
  postsEdition: number,
  usersEdition: number,
) {
  const people = usersOfEdition(users, usersEdition).map(({ id, name, email }) => ({
    id,
    name,
    email,
  }));
  return {
    posts: postsOfEdition(posts, postsEdition).map(({ id, userId, title }) => ({
      id,
      userId,
      title,
      user: people[userId - 1],
    })),
  };
}

/** Whether that is the right `data` of some edition: every title and every name of the same one. */
export function isSomeEdition(
  posts: readonly Post[],
  users: readonly User[],
): (data: unknown) => boolean {
  return (data) => {
    const { posts: answered } = (data ?? {}) as {
      posts?: { title?: string; user?: User }[] | null;
    };
    const [first] = answered ?? [];
    const [postsEdition, usersEdition] = [editionOf(first?.title), editionOf(first?.user?.name)];
    return isDeepStrictEqual(data, joinedEdition(posts, users, postsEdition, usersEdition));
  };
}

function marked(text: string, edition: number): string {
  return `${text} ${String(edition).padStart(2, '0')}`;
}

function editionOf(text = ''): number {
  return Number(text.slice(-2));
}
