import { describe, expect, it } from 'vitest';
import { ParsedBodies } from '../../src/backend/parsed-bodies.ts';

const body = (name: string) => Buffer.from(JSON.stringify({ items: [{ name }] }));

/** What a body parses to once it has come twice, and is kept. */
function kept(bodies: ParsedBodies, path: string, bytes: Buffer): unknown {
  bodies.parse(path, bytes);
  return bodies.parse(path, bytes);
}

describe('bodies that come again', () => {
  it('are the same object from the second time on, while their bytes stay the same', () => {
    const bodies = new ParsedBodies();
    const second = kept(bodies, '/a', body('x'));
    expect(bodies.parse('/a', body('x'))).toBe(second);
    expect(kept(bodies, '/b', body('x'))).not.toBe(second);
  });

  it('are parsed anew when a single letter has changed', () => {
    const bodies = new ParsedBodies();
    const x = kept(bodies, '/a', body('x'));
    expect(bodies.parse('/a', body('y'))).toEqual({ items: [{ name: 'y' }] });
    expect(bodies.parse('/a', body('x'))).toEqual({ items: [{ name: 'x' }] });
    expect(bodies.parse('/a', body('x'))).not.toBe(x);
  });

  it('are told apart by their bytes, not by their checksum', () => {
    const bodies = new ParsedBodies();
    // Two texts with one CRC-32, as found by search.
    const [one, other] = ['"plumless"', '"buckeroo"'];
    kept(bodies, '/a', Buffer.from(one));
    expect(bodies.parse('/a', Buffer.from(other))).toBe('buckeroo');
    expect(bodies.parse('/a', Buffer.from(one))).toBe('plumless');
  });

  it.each([
    ['from the first time on in development', true],
    ['once they are kept in production', false],
  ])('cannot be changed: %s', (_, freezesAll) => {
    const bodies = new ParsedBodies(freezesAll);
    const value = bodies.parse('/a', body('x'));
    const first = (freezesAll ? value : bodies.parse('/a', body('x'))) as {
      items: { name: string }[];
    };
    expect(() => first.items.push({ name: 'z' })).toThrow(TypeError);
    expect(() => {
      (first.items[0] as { name: string }).name = 'z';
    }).toThrow(TypeError);
  });

  it('take no more room than they may, however many reads come once', () => {
    const bodies = new ParsedBodies();
    const long = 'x'.repeat(8_000);
    for (let read = 0; read < 3_000; read += 1) bodies.parse(`/a?ids=${read}${long}`, body('x'));
    expect(bodies.size).toBeLessThan(1_100);
  });

  it('fail as JSON does, and remember nothing of it', () => {
    const bodies = new ParsedBodies();
    expect(() => bodies.parse('/a', Buffer.from('{'))).toThrow(SyntaxError);
    expect(bodies.parse('/a', Buffer.from('{}'))).toEqual({});
  });

  it('may be nested as deeply as they like', () => {
    const bodies = new ParsedBodies();
    const deep = Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    expect(kept(bodies, '/a', deep)).toBe(bodies.parse('/a', deep));
  });
});
