import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { done, type Queue } from '../../../src/events/jobs/queue.ts';

/** A place where tests wait until as many things have come as they say. */
export function createInbox<Item>() {
  const items: Item[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  return {
    items,
    add(item: Item): void {
      items.push(item);
      if (waiting && items.length >= waiting.count) waiting.resolve();
    },
    until(count: number): Promise<void> {
      if (items.length >= count) return Promise.resolve();
      return new Promise((resolve) => {
        waiting = { count, resolve };
      });
    },
  };
}

/**
 * What every queue promises, whatever keeps it. `open` gives one that the test closes; `channelOf`
 * names another channel each time.
 */
export function itIsAQueue(
  open: () => Promise<Queue>,
  channelOf = () => `test.${randomUUID()}`,
): void {
  it('delivers what it accepted, once each when nothing fails', async () => {
    const queue = await open();
    const channel = channelOf();
    const inbox = createInbox<string>();
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => queue.send(channel, { id: `m${n}`, body: `body ${n}` })),
    );
    queue.consume(channel, {
      concurrency: 5,
      handle: async ({ id, body }) => {
        inbox.add(`${id}:${body}`);
        return done;
      },
    });
    await inbox.until(50);
    await queue.close();
    expect(inbox.items.toSorted()).toEqual(
      Array.from({ length: 50 }, (_, n) => `m${n}:body ${n}`).toSorted(),
    );
  });

  it('delivers no more at once than a consumer asked for', async () => {
    const queue = await open();
    const channel = channelOf();
    const inbox = createInbox<number>();
    let inHand = 0;
    for (let n = 0; n < 12; n += 1) await queue.send(channel, { id: `m${n}`, body: '' });
    queue.consume(channel, {
      concurrency: 3,
      handle: async () => {
        inHand += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
        inbox.add(inHand);
        inHand -= 1;
        return done;
      },
    });
    await inbox.until(12);
    await queue.close();
    expect(Math.max(...inbox.items)).toBeLessThanOrEqual(3);
    expect(Math.max(...inbox.items)).toBeGreaterThan(1);
  });

  it('brings a message again, with the body that was asked for, and not before its time', async () => {
    const queue = await open();
    const channel = channelOf();
    const inbox = createInbox<{ body: string; at: number }>();
    queue.consume(channel, {
      concurrency: 1,
      handle: async ({ body }) => {
        inbox.add({ body, at: performance.now() });
        return body === 'first' ? { kind: 'again', afterMs: 700, body: 'second' } : done;
      },
    });
    await queue.send(channel, { id: 'm', body: 'first' });
    await inbox.until(2);
    await queue.close();
    const [first, second] = inbox.items;
    expect(inbox.items.map(({ body }) => body)).toEqual(['first', 'second']);
    expect(second!.at - first!.at).toBeGreaterThan(680);
    expect(second!.at - first!.at).toBeLessThan(4_000);
  });

  it('keeps a message back as long as its sender says, and others are not held up', async () => {
    const queue = await open();
    const channel = channelOf();
    const inbox = createInbox<string>();
    const sentAt = performance.now();
    let lateAfterMs = 0;
    await queue.send(channel, { id: 'late', body: '' }, { delayMs: 900 });
    await queue.send(channel, { id: 'days', body: '' }, { delayMs: 3 * 86_400_000 });
    await queue.send(channel, { id: 'now', body: '' });
    queue.consume(channel, {
      concurrency: 1,
      handle: async ({ id }) => {
        if (id === 'late') lateAfterMs = performance.now() - sentAt;
        inbox.add(id);
        return done;
      },
    });
    await inbox.until(2);
    await queue.close();
    expect(inbox.items).toEqual(['now', 'late']);
    expect(lateAfterMs).toBeGreaterThan(880);
  });

  it('brings a message again whose handler threw', async () => {
    const queue = await open();
    const channel = channelOf();
    const inbox = createInbox<string>();
    queue.consume(channel, {
      concurrency: 1,
      handle: async ({ id }) => {
        inbox.add(id);
        if (inbox.items.length === 1) throw new Error('not this time');
        return done;
      },
    });
    await queue.send(channel, { id: 'm', body: '' });
    await inbox.until(2);
    await queue.close();
    expect(inbox.items).toEqual(['m', 'm']);
  });

  it('waits for what is in hand before it closes, and delivers the rest to the next', async () => {
    const queue = await open();
    const channel = channelOf();
    const started = createInbox<string>();
    const finished: string[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const consumer = queue.consume(channel, {
      concurrency: 1,
      handle: async ({ id }) => {
        started.add(id);
        await released;
        finished.push(id);
        return done;
      },
    });
    await queue.send(channel, { id: 'a', body: '' });
    await queue.send(channel, { id: 'b', body: '' });
    await started.until(1);
    const closed = consumer.close();
    release();
    await closed;
    expect(finished).toEqual(started.items);
    const rest = createInbox<string>();
    queue.consume(channel, {
      concurrency: 1,
      handle: async ({ id }) => {
        rest.add(id);
        return done;
      },
    });
    await rest.until(1);
    await queue.close();
    expect([...finished, ...rest.items].toSorted()).toEqual(['a', 'b']);
  });
}
