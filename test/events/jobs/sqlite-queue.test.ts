import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { done } from '../../../src/events/jobs/queue.ts';
import { createSqliteQueue, sqliteQueueSchema } from '../../../src/events/jobs/queues/sqlite.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { createInbox, itIsAQueue } from './queue-contract.ts';

function openFile(path?: string) {
  if (path === undefined) {
    const dir = tempDir();
    onTestFinished(() => dir[Symbol.dispose]());
    path = join(dir.path, 'folder', 'queue.sqlite');
  }
  const file = openSqliteFile({ path, schema: sqliteQueueSchema, backend: 'jobs' });
  onTestFinished(() => file.close());
  return { file, path };
}

describe('the queue on SQLite', () => {
  itIsAQueue(async () => createSqliteQueue({ file: openFile().file }));

  it('works in memory too', async () => {
    const queue = createSqliteQueue({ file: openFile(':memory:').file });
    const inbox = createInbox<string>();
    await queue.send('c', { id: 'm', body: 'b' });
    queue.consume('c', {
      concurrency: 1,
      handle: async ({ body }) => {
        inbox.add(body);
        return done;
      },
    });
    await inbox.until(1);
    await queue.close();
    expect(inbox.items).toEqual(['b']);
  });

  it('gives a message to one of two processes on one file', async () => {
    const { file, path } = openFile();
    const queues = [
      createSqliteQueue({ file }),
      createSqliteQueue({ file: openFile(path).file, pollMs: 5 }),
    ];
    const inbox = createInbox<string>();
    for (const queue of queues) {
      queue.consume('c', {
        concurrency: 2,
        handle: async ({ id }) => {
          inbox.add(id);
          return done;
        },
      });
    }
    for (let n = 0; n < 100; n += 1) await queues[n % 2]!.send('c', { id: String(n), body: '' });
    await inbox.until(100);
    await Promise.all(queues.map((queue) => queue.close()));
    expect(new Set(inbox.items).size).toBe(100);
    expect(inbox.items).toHaveLength(100);
  });

  it('gives a message to another when its consumer is gone longer than it may hold it', async () => {
    const { file, path } = openFile();
    let now = 0;
    const gone = createSqliteQueue({ file, now: () => now });
    const taken = createInbox<string>();
    await gone.send('c', { id: 'm', body: '' });
    gone.consume('c', {
      concurrency: 1,
      handle: ({ id }) => {
        taken.add(id);
        return new Promise(() => {}); // as a process does that stands still
      },
    });
    await taken.until(1);
    const next = createSqliteQueue({ file: openFile(path).file, now: () => now, pollMs: 5 });
    const inbox = createInbox<string>();
    next.consume('c', {
      concurrency: 1,
      handle: async ({ id }) => {
        inbox.add(id);
        return done;
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(inbox.items).toEqual([]);
    now = 15_001;
    await inbox.until(1);
    await next.close();
    expect(inbox.items).toEqual(['m']);
  });

  it('says so when the disk is full, and keeps what it accepted', async () => {
    const { file } = openFile();
    const queue = createSqliteQueue({ file });
    await queue.send('c', { id: 'accepted', body: '' });
    file.read('PRAGMA max_page_count = 12');
    const body = 'x'.repeat(10_000);
    const sent = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => queue.send('c', { id: String(n), body })),
    );
    const refused = sent.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.reason).toMatchObject({
      name: 'BackendError',
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'jobs',
      retryable: true,
      message: expect.stringMatching(/queue\.sqlite" of jobs is on a full disk; make room/),
    });
    file.read('PRAGMA max_page_count = 10000');
    const inbox = createInbox<string>();
    queue.consume('c', {
      concurrency: 1,
      handle: async ({ id }) => {
        inbox.add(id);
        return done;
      },
    });
    await queue.send('c', { id: 'after', body: '' });
    await inbox.until(2);
    await queue.close();
    expect(inbox.items).toEqual(['accepted', 'after']);
  });

  it('names the path and the remedy of a file that it cannot open', () => {
    expect(() =>
      openSqliteFile({ path: '/etc/hostname/no/queue.sqlite', schema: '', backend: 'jobs' }),
    ).toThrow(
      /the file "\/etc\/hostname\/no\/queue.sqlite" of jobs can't be opened: .*; give a path on a local disk/,
    );
  });

  it('refuses a channel that a broker would not take', async () => {
    const queue = createSqliteQueue({ file: openFile(':memory:').file });
    await expect(queue.send('no spaces', { id: 'm', body: '' })).rejects.toThrow(
      'the channel "no spaces" of a queue has to be',
    );
  });
});
