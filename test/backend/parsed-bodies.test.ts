import { describe, expect, it } from 'vitest';
import { ParsedBodies } from '../../src/backend/parsed-bodies.ts';

const text = (name: string) => JSON.stringify({ items: [{ name }] });

describe('bodies that come again', () => {
  it('are the same object while their text stays the same', () => {
    const bodies = new ParsedBodies();
    const first = bodies.parse('/a', text('x'));
    expect(bodies.parse('/a', `${text('x')}`)).toBe(first);
    expect(bodies.parse('/b', text('x'))).not.toBe(first);
  });

  it('are parsed anew when a single letter has changed', () => {
    const bodies = new ParsedBodies();
    bodies.parse('/a', text('x'));
    expect(bodies.parse('/a', text('y'))).toEqual({ items: [{ name: 'y' }] });
    expect(bodies.parse('/a', text('x'))).toEqual({ items: [{ name: 'x' }] });
  });

  it.each([
    ['at once in development', true],
    ['when they are shared in production', false],
  ])('cannot be changed: %s', (_, atOnce) => {
    const bodies = new ParsedBodies(atOnce);
    const first = bodies.parse('/a', text('x')) as { items: { name: string }[] };
    if (!atOnce) {
      first.items.length = 1;
      bodies.parse('/a', text('x'));
    }
    expect(() => first.items.push({ name: 'z' })).toThrow(TypeError);
    expect(() => {
      (first.items[0] as { name: string }).name = 'z';
    }).toThrow(TypeError);
  });

  it('fail as JSON does, and remember nothing of it', () => {
    const bodies = new ParsedBodies();
    expect(() => bodies.parse('/a', '{')).toThrow(SyntaxError);
    expect(bodies.parse('/a', '{}')).toEqual({});
  });

  it('may be nested as deeply as they like', () => {
    const bodies = new ParsedBodies();
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    expect(bodies.parse('/a', deep)).toBe(bodies.parse('/a', deep));
  });
});
