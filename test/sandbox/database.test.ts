import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSeeded } from '../../sandbox/service/database.ts';
import { tempDir } from './temp-dir.ts';

type Seed = Parameters<typeof openSeeded>[0]['seed'];

const seed: Seed = (database) => database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
const databases = (path: string) => readdirSync(path).filter((name) => name.endsWith('.db'));

it('seeds once in the life of the file', () => {
  using dir = tempDir();
  let seeded = 0;
  const open = () =>
    openSeeded({
      dataDir: join(dir.path, 'new/folder'),
      name: 'things',
      version: 1,
      seed(database) {
        seeded += 1;
        seed(database);
      },
    });
  const first = open();
  first.exec('INSERT INTO t VALUES (2)');
  first.close();
  const second = open();
  expect(second.prepare('SELECT x FROM t').all()).toHaveLength(2);
  second.close();
  expect(seeded).toBe(1);
});

it('leaves no database behind when seeding fails half way, and seeds anew the next time', () => {
  using dir = tempDir();
  const options = { dataDir: dir.path, name: 'things', version: 1 };
  const broken: Seed = (database) => {
    seed(database);
    throw new Error('the lights went out');
  };
  expect(() => openSeeded({ ...options, seed: broken })).toThrow('the lights went out');
  expect(readdirSync(dir.path)).toEqual([]);
  openSeeded({ ...options, seed }).close();
  expect(databases(dir.path)).toEqual(['things.db']);
});

it('removes what a killed start has left', () => {
  using dir = tempDir();
  // No process has so high a number on Linux.
  writeFileSync(join(dir.path, 'things.seeding-99999999'), 'half');
  openSeeded({ dataDir: dir.path, name: 'things', version: 1, seed }).close();
  expect(readdirSync(dir.path)).toEqual(['things.db']);
});

it('takes the other database when another first start was quicker', () => {
  using dir = tempDir();
  const options = { dataDir: dir.path, name: 'things', version: 1 };
  const database = openSeeded({
    ...options,
    seed(slow) {
      openSeeded({
        ...options,
        seed: (quick) => quick.exec('CREATE TABLE t (x); INSERT INTO t VALUES (7)'),
      }).close();
      seed(slow);
    },
  });
  expect(database.prepare('SELECT x FROM t').all()).toHaveLength(1);
  database.close();
});

it('says what to delete when the file is no database or of another version', () => {
  using dir = tempDir();
  const file = join(dir.path, 'things.db');
  const open = (version: number) =>
    openSeeded({ dataDir: dir.path, name: 'things', version, seed });
  writeFileSync(file, 'not a database, though long enough to be looked at as one');
  expect(() => open(1)).toThrow(/things\.db cannot be read: .*; delete it to seed it anew/);
  using other = tempDir();
  openSeeded({ dataDir: other.path, name: 'things', version: 1, seed }).close();
  expect(() => openSeeded({ dataDir: other.path, name: 'things', version: 2, seed })).toThrow(
    'another version of the sandbox; delete it',
  );
});
