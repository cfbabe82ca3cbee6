import { describe, expect, it } from 'vitest';
import { connectionOf, pageSize, pageStart } from '../../src/subschema/connection.ts';

const rows = ['a', 'b', 'c'];

describe('connectionOf', () => {
  it('gives each edge a cursor that continues after it', () => {
    const { edges, pageInfo } = connectionOf(rows, pageStart(null), 'page-2');
    expect(edges.map(({ cursor }) => pageStart(cursor))).toEqual([
      { token: '', skip: 1 },
      { token: '', skip: 2 },
      { token: 'page-2', skip: 0 },
    ]);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[2]?.cursor,
    });
  });

  it('counts on from where its page started', () => {
    const { edges, pageInfo } = connectionOf(rows, { token: 'page-2', skip: 4 }, null);
    expect(pageStart(edges[1]?.cursor)).toEqual({ token: 'page-2', skip: 6 });
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it('has no cursors where it has no rows', () => {
    expect(connectionOf([], pageStart(undefined), null).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
  });
});

describe('what a client passes', () => {
  it.each(['', 'x', 'bm9uc2Vuc2U', Buffer.from('1000:x').toString('base64url'), 'MTo=', '💥'])(
    'refuses %j as a cursor',
    (after) => {
      expect(() => pageStart(after)).toThrow(/is not a cursor of this list/);
    },
  );

  it.each([0, -1, 101, 1.5, Number.NaN])('refuses %d as a page size', (first) => {
    expect(() => pageSize(first)).toThrow(/from 1 to 100/);
  });
});
