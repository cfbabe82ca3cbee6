import { describe, expect, it } from 'vitest';
import { isSomeEdition, joinedEdition, postsOfEdition } from '../../bench/work/editions.ts';
import { makePosts, makeUsers } from '../../bench/work/posts-data.ts';

const posts = makePosts(20, 2);
const users = makeUsers(2);
const isRight = isSomeEdition(posts, users);

describe('the answers to an upstream whose bytes change', () => {
  it('are right with every edition, and as long as each other', () => {
    const answers = [0, 7, 63].map((edition) => joinedEdition(posts, users, edition, 63 - edition));
    expect(answers.map(isRight)).toEqual([true, true, true]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer).length)).size).toBe(1);
  });

  it('are wrong when they mix editions, miss a user, or are of none', () => {
    const [first, ...others] = joinedEdition(posts, users, 1, 1).posts;
    const [old] = joinedEdition(posts, users, 2, 1).posts;
    expect(isRight({ posts: [old, ...others] })).toBe(false);
    expect(isRight({ posts: [first, ...others.slice(1)] })).toBe(false);
    expect(isRight({ posts: [first, ...others.map((post) => ({ ...post, user: null }))] })).toBe(
      false,
    );
    expect(isRight({ posts })).toBe(false);
    expect(isRight({ posts: null })).toBe(false);
    expect(isRight(null)).toBe(false);
  });

  it('differ in every post', () => {
    const [a, b] = [postsOfEdition(posts, 1), postsOfEdition(posts, 2)];
    expect(a.some(({ title }, index) => title === b[index]?.title)).toBe(false);
  });
});
