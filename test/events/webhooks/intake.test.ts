import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackendError } from '../../../src/error.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { createConfirmedIntake } from '../../../src/events/webhooks/confirmed-intake.ts';
import { Inbox } from '../../../src/events/webhooks/inbox.ts';
import type { Genuine, PublishWebhook } from '../../../src/events/webhooks/intake.ts';
import { createRedisIds } from '../../../src/events/webhooks/redis-seen-ids.ts';
import { createSqliteIds, type SeenIds } from '../../../src/events/webhooks/seen-ids.ts';
import { inboxTables } from '../../../src/events/webhooks/webhook-tables.ts';
import { privateRedis, redisAnswers, redisUrl, until } from '../../load/redis.ts';

const webhook = (id: string): Genuine => ({
  source: 'partner',
  id,
  event: `"${id}"`,
  keptMs: 60_000,
});
const opened = (path = ':memory:') => {
  const file = openSqliteFile({ path, schema: inboxTables, backend: 'webhooks' });
  onTestFinished(() => file.close());
  return file;
};
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'webhooks-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
const down = () =>
  new BackendError({ code: 'UPSTREAM_UNAVAILABLE', backend: 'nats', message: 'it is away' });

describe('the inbox', () => {
  test('keeps what its topic does not take now, in order, until it does', async () => {
    const published: string[] = [];
    const lines: string[] = [];
    let isAway = true;
    let time = 1_000;
    const publish: PublishWebhook = async ({ id }) => {
      if (isAway) throw down();
      published.push(id);
    };
    const inbox = new Inbox({
      file: opened(),
      publish,
      log: (line) => lines.push(line),
      now: () => time,
    });
    expect(await inbox.accept(webhook('a'))).toBe('accepted');
    expect(await inbox.accept(webhook('b'))).toBe('accepted');
    await inbox.drain();
    expect(published).toEqual([]);
    expect(lines[0]).toBe('webhook a of source "partner" waits in the inbox: it is away');
    expect(await inbox.accept(webhook('a'))).toBe('duplicate');
    isAway = false;
    time += 6_000;
    await inbox.drain();
    expect(published).toEqual(['a', 'b']);
    expect(await inbox.accept(webhook('a'))).toBe('duplicate');
    await inbox.drain();
    expect(published).toEqual(['a', 'b']);
    await inbox.close();
  });

  test('gives up what can never go well, and goes on with the rest', async () => {
    const published: string[] = [];
    const lines: string[] = [];
    const publish: PublishWebhook = async ({ id }) => {
      const unknown = { code: 'NOT_FOUND', backend: 'flights', message: 'no such flight' } as const;
      if (id === 'a') throw new BackendError(unknown);
      published.push(id);
    };
    let time = 0;
    const log = (line: string) => void lines.push(line);
    const inbox = new Inbox({ file: opened(), publish, log, now: () => time });
    await inbox.accept(webhook('a'));
    await inbox.accept(webhook('b'));
    await inbox.drain();
    time += 60_000;
    await inbox.drain();
    expect(published).toEqual(['b']);
    expect(lines).toEqual(['webhook a of source "partner" is given up: no such flight']);
    await inbox.close();
  });

  test('forgets an id when its time is over, and never an event that waits', async () => {
    let time = 0;
    let isAway = false;
    const published: string[] = [];
    const publish: PublishWebhook = async ({ id }) => {
      if (isAway) throw down();
      published.push(id);
    };
    const inbox = new Inbox({ file: opened(), publish, log: () => {}, now: () => time });
    await inbox.accept(webhook('a'));
    await inbox.drain();
    isAway = true;
    await inbox.accept(webhook('b'));
    time += 4 * 3_600_000;
    await inbox.drain();
    isAway = false;
    time += 4 * 3_600_000;
    await inbox.drain();
    expect(published).toEqual(['a', 'b']);
    expect(await inbox.accept(webhook('a'))).toBe('accepted');
    await inbox.close();
  });

  test('loses nothing that it accepted when the process is killed', async () => {
    const path = join(folder(), 'inbox.sqlite');
    const child = fork(new URL('./killed-inbox.ts', import.meta.url), [path]);
    const accepted: string[] = [];
    child.on('message', (id) => accepted.push(String(id)));
    await until('fifty acknowledgments', () => accepted.length >= 50);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));

    const published: string[] = [];
    const inbox = new Inbox({
      file: opened(path),
      publish: async ({ id }) => void published.push(id),
      log: () => {},
      now: () => Date.now() + 10_000,
    });
    await inbox.drain();
    expect(published).toEqual(expect.arrayContaining(accepted));
    expect(new Set(published).size).toBe(published.length);
    expect(await inbox.accept(webhook(accepted[0] ?? ''))).toBe('duplicate');
    await inbox.close();
  });
});

/** Without a Redis it says so, and fails under CI. */
const hasRedis = await redisAnswers();
const inFile: [string, () => SeenIds] = ['a file', () => createSqliteIds(opened())];
const inRedis: [string, () => SeenIds] = [
  'Redis',
  () => createRedisIds({ url: redisUrl, log: () => {} }),
];

describe.each(hasRedis ? [inFile, inRedis] : [inFile])(
  'over a broker, with ids in %s',
  (_, idsOf) => {
    test('a webhook is acknowledged when the broker has confirmed it, and not when it has not', async () => {
      const ids = idsOf();
      const id = `confirmed-${Math.random()}`;
      const published: string[] = [];
      const asked: ((failure?: Error) => void)[] = [];
      const intake = createConfirmedIntake({
        ids,
        publish: ({ id }) =>
          new Promise((resolve, reject) => {
            asked.push((failure) => {
              if (failure) return reject(failure);
              published.push(id);
              resolve();
            });
          }),
      });
      const first = intake.accept(webhook(id));
      await until('the broker is asked', () => asked.length === 1);
      asked[0]?.(down());
      await expect(first).rejects.toThrow('it is away');

      const second = intake.accept(webhook(id));
      const twin = intake.accept(webhook(id));
      await until('the broker is asked again', () => asked.length === 2);
      const elsewhere = createConfirmedIntake({ ids, publish: async () => {} });
      expect(await elsewhere.accept(webhook(id))).toBe('in-flight');
      asked[1]?.();
      expect(await second).toBe('accepted');
      expect(await twin).toBe('duplicate');
      expect(await elsewhere.accept(webhook(id))).toBe('duplicate');
      expect(published).toEqual([id]);
      await intake.close();
    });
  },
);

test('what a process left half done can be taken again after half a minute', async () => {
  let time = 0;
  const ids = createSqliteIds(opened(), () => time);
  expect(await ids.take('partner', 'a')).toBe('taken');
  time += 29_000;
  expect(await ids.take('partner', 'a')).toBe('held');
  time += 2_000;
  expect(await ids.take('partner', 'a')).toBe('taken');
  await ids.done('partner', 'a', 1_000_000);
  expect(await ids.take('partner', 'a')).toBe('done');
});

test.runIf(hasRedis)(
  'without its Redis no webhook is taken, and with it again they are',
  async () => {
    const redis = await privateRedis();
    const lines: string[] = [];
    const ids = createRedisIds({ url: redis.url, log: (line) => lines.push(line) });
    const intake = createConfirmedIntake({ ids, publish: async () => {} });
    expect(await intake.accept(webhook('a'))).toBe('accepted');
    await redis.kill();
    await expect(intake.accept(webhook('b'))).rejects.toThrow(/redis did not tell which webhooks/);
    await redis.start();
    await until('Redis is back', () => lines.at(-1) === 'ids of webhooks: redis is back');
    expect(await intake.accept(webhook('b'))).toBe('accepted');
    expect(lines[0]).toMatch(/^ids of webhooks: redis is away/);
    await intake.close();
  },
);
