import { describe, expect, it } from 'vitest';
import { RepeatedBodies } from '../../src/server/repeated-bodies.ts';

const body = (variables: unknown) => JSON.stringify({ query: '{ a }', variables });

describe('bodies that repeat', () => {
  it('are read once', () => {
    const bodies = new RepeatedBodies();
    const first = bodies.operationIn(body({ id: '1' }));
    expect(first).toMatchObject({ query: '{ a }', variables: { id: '1' } });
    expect(bodies.operationIn(body({ id: '1' }))).toBe(first);
    expect(bodies.operationIn(body({ id: '2' }))).not.toBe(first);
  });

  it.each([
    ['an object', { input: { id: '1' } }],
    ['a list', { ids: ['1'] }],
  ])('are read anew when a resolver may be handed %s of theirs', (_what, variables) => {
    const bodies = new RepeatedBodies();
    const first = bodies.operationIn(body(variables));
    const again = bodies.operationIn(body(variables));
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });

  it('are refused each time when they are no operation', () => {
    const bodies = new RepeatedBodies();
    for (let time = 0; time < 2; time++) {
      expect(bodies.operationIn('[1]')).toMatchObject({ status: 400 });
    }
  });

  it('take no more room than they may, however many differ', () => {
    const bodies = new RepeatedBodies();
    const first = bodies.operationIn(body({ id: 'first' }));
    for (let index = 0; index < 3_000; index++) {
      bodies.operationIn(body({ id: `${index}${'x'.repeat(1_000)}` }));
    }
    expect(bodies.operationIn(body({ id: 'first' }))).not.toBe(first);
  });
});
