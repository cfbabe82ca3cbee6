import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyPieces } from '../../../src/events/webhooks/body-pieces.ts';

describe('the pieces of a body', () => {
  it('are the body, however it was cut', () => {
    assert(
      property(array(nat(40_000), { maxLength: 12 }), (lengths) => {
        const body = new BodyPieces();
        const chunks = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        for (const chunk of chunks) body.add(chunk);
        expect(Buffer.concat(body.take()).equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  it('are few where the chunks are many: a byte costs no more than a byte', () => {
    const body = new BodyPieces();
    for (let count = 0; count < 100_000; count += 1) body.add(Buffer.from([count & 0xff]));
    expect(body.take().length).toBeLessThan(10);
  });

  it('are none once it is cleared', () => {
    const body = new BodyPieces();
    for (const text of ['a', 'b', 'c']) body.add(Buffer.from(text));
    body.clear();
    expect(body.take()).toEqual([]);
    body.add(Buffer.from('d'));
    expect(Buffer.concat(body.take()).toString()).toBe('d');
  });
});
