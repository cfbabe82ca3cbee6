import { describe, expect, it } from 'vitest';
import { createOutboxes } from '../../src/server/outbox.ts';
import { frameHead } from '../../src/server/socket-events.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what waits for a connection', () => {
  it('is written once a turn, in order', async () => {
    const written: string[] = [];
    const outbox = createOutboxes()((bytes) => written.push(bytes) > 0);
    for (const bytes of ['a', 'b', 'c']) expect(outbox.add(bytes, () => {})).toBe(true);
    expect(written).toEqual([]);
    await turn();
    outbox.add('d', () => {});
    await turn();
    expect(written).toEqual(['abc', 'd']);
  });

  it('goes first where something else is written', async () => {
    const written: string[] = [];
    const outbox = createOutboxes()((bytes) => written.push(bytes) > 0);
    outbox.add('a', () => {});
    outbox.flush();
    written.push('else');
    await turn();
    expect(written).toEqual(['a', 'else']);
  });

  it('stops at 64 KiB until it is written', async () => {
    const outbox = createOutboxes()(() => true);
    let resumed = 0;
    expect(outbox.add('x'.repeat(64 * 1024), () => void (resumed += 1))).toBe(false);
    expect(resumed).toBe(0);
    await turn();
    expect(resumed).toBe(1);
  });

  it('stops while the connection takes no more, and nobody else does', async () => {
    const openOutbox = createOutboxes();
    const stuck = openOutbox(() => false);
    const other = openOutbox(() => true);
    let resumed = 0;
    stuck.add('a', () => {});
    other.add('a', () => {});
    await turn();
    expect(stuck.add('b', () => void (resumed += 1))).toBe(false);
    expect(other.add('b', () => {})).toBe(true);
    await turn();
    expect(resumed).toBe(0);
    stuck.drained();
    expect(resumed).toBe(1);
    expect(stuck.add('c', () => {})).toBe(true);
  });
});

it.each([
  [125, '817d'],
  [126, '817e007e'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
])('a frame of %i bytes begins as RFC 6455 has it', (length, head) => {
  expect(Buffer.from(frameHead(length), 'latin1').toString('hex')).toBe(head);
});
