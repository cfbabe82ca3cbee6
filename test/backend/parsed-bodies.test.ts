import { describe, expect, it } from 'vitest';
import { ParsedBodies } from '../../src/backend/parsed-bodies.ts';

const body = (name: string) => Buffer.from(JSON.stringify({ items: [{ name }] }));

describe('bodies that come again', () => {
  it('are the same object while their bytes stay the same', () => {
    const bodies = new ParsedBodies();
    const first = bodies.parse('/a', body('x'));
    expect(bodies.parse('/a', body('x'))).toBe(first);
    expect(bodies.parse('/b', body('x'))).not.toBe(first);
  });

  it('are parsed anew when a single letter has changed', () => {
    const bodies = new ParsedBodies();
    bodies.parse('/a', body('x'));
    expect(bodies.parse('/a', body('y'))).toEqual({ items: [{ name: 'y' }] });
    expect(bodies.parse('/a', body('x'))).toEqual({ items: [{ name: 'x' }] });
  });

  it.each([
    ['at once in development', true],
    ['when they are shared in production', false],
  ])('cannot be changed: %s', (_, atOnce) => {
    const bodies = new ParsedBodies(atOnce);
    const first = bodies.parse('/a', body('x')) as { items: { name: string }[] };
    if (!atOnce) {
      first.items.length = 1;
      bodies.parse('/a', body('x'));
    }
    expect(() => first.items.push({ name: 'z' })).toThrow(TypeError);
    expect(() => {
      (first.items[0] as { name: string }).name = 'z';
    }).toThrow(TypeError);
  });

  it('fail as JSON does, and remember nothing of it', () => {
    const bodies = new ParsedBodies();
    expect(() => bodies.parse('/a', Buffer.from('{'))).toThrow(SyntaxError);
    expect(bodies.parse('/a', Buffer.from('{}'))).toEqual({});
  });

  it('may be nested as deeply as they like', () => {
    const bodies = new ParsedBodies();
    const deep = Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    expect(bodies.parse('/a', deep)).toBe(bodies.parse('/a', deep));
  });
});
