import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../sandbox/temp-dir.ts';

const root = join(import.meta.dirname, '../..');

/** What `tailorbird explain` ends with and prints on standard error. */
function explain(args: readonly string[], cwd: string = root) {
  return new Promise<[code: unknown, stderr: string]>((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'src/cli/main.ts'), 'explain', ...args],
      { cwd, env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] } },
      (error, _stdout, stderr) => resolve([error?.code, stderr]),
    );
  });
}

test('a file that starts a server is told from one that exports a bff', async () => {
  expect(await explain(['bff-web/main.ts', '{ __typename }'])).toEqual([
    2,
    'bff-web/main.ts starts a server; put defineBff in a file of its own that exports the bff, and name that one, such as bff-web/bff.ts\n',
  ]);
  using dir = tempDir();
  writeFileSync(
    join(dir.path, 'main.mjs'),
    `import { serveBff } from '${root}/src/index.ts';
     serveBff({ name: 'tiny' }, { port: 0, adminPort: 0 });`,
  );
  expect(await explain(['main.mjs', '{ a }'], dir.path)).toEqual([
    2,
    expect.stringMatching(/^main\.mjs starts a server; .* name that one, such as bff\.ts\n$/),
  ]);
});

test('so is a folder', async () => {
  expect(await explain(['bff-web', '{ __typename }'])).toEqual([
    2,
    'bff-web is a folder; name the file that exports a bff, such as bff-web/bff.ts\n',
  ]);
});

test('its usage is printed whole', async () => {
  const [code, text] = await explain([]);
  expect(code).toBe(2);
  expect(text).toMatch(/^explain takes a bff and an operation\n\ntailorbird explain <bff>/);
  expect(text).toMatch(/\n {2}--name +which operation, when the document has several\n$/);
});
