import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { watchSources } from '../../sandbox/start/watch-sources.ts';
import { tempDir } from './temp-dir.ts';

/** A watched folder `fields`, and the changes that were told and not yet asked for. */
function watchedFolder() {
  const dir = tempDir();
  const fields = join(dir.path, 'fields');
  mkdirSync(fields);
  writeFileSync(join(fields, 'flight.ts'), '// 0');
  const told: string[] = [];
  let onTold = () => {};
  const watching = watchSources(
    ['fields', 'not-there'],
    (file) => {
      told.push(file);
      onTold();
    },
    dir.path,
  );
  return {
    fields,
    /** As an editor that writes another file and puts it in the place of the old one. */
    replace(text: string) {
      writeFileSync(join(dir.path, 'flight.ts~'), text);
      renameSync(join(dir.path, 'flight.ts~'), join(fields, 'flight.ts'));
    },
    async change(): Promise<string | undefined> {
      if (told.length === 0) await new Promise<void>((resolve) => (onTold = resolve));
      return told.shift();
    },
    [Symbol.dispose]() {
      watching[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
}

it('tells of a file that is replaced by a rename, each time', async () => {
  using folder = watchedFolder();
  for (const text of ['// 1', '// 2', '// 3']) {
    folder.replace(text);
    expect(await folder.change()).toBe('fields/flight.ts');
  }
  writeFileSync(join(folder.fields, 'flight.ts'), '// in its place');
  expect(await folder.change()).toBe('fields/flight.ts');
});

it('tells of a file in a new folder, and in one that was removed and is back', async () => {
  using folder = watchedFolder();
  const types = join(folder.fields, 'types');
  for (const _time of ['new', 'back']) {
    mkdirSync(join(types, 'deep'), { recursive: true });
    writeFileSync(join(types, 'deep/seat.ts'), '// 1');
    expect(await folder.change()).toBe('fields/types/deep/seat.ts');
    writeFileSync(join(types, 'deep/seat.ts'), '// 2');
    expect(await folder.change()).toBe('fields/types/deep/seat.ts');
    rmSync(types, { recursive: true });
    expect(await folder.change()).toBe('fields/types/deep/seat.ts');
  }
});

it('keeps silent about files that are no sources', async () => {
  using folder = watchedFolder();
  writeFileSync(join(folder.fields, 'schema.graphql'), 'type Query');
  writeFileSync(join(folder.fields, 'notes.md'), 'notes');
  folder.replace('// 1');
  expect(await folder.change()).toBe('fields/flight.ts');
});
