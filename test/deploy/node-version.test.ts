import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tooOldNode } from '../../src/node-version.ts';

const src = join(import.meta.dirname, '../../src');
const told =
  'tailorbird needs Node 22.19 or newer, but this is Node 20.20.2; install a newer one from https://nodejs.org';

/** What a module prints on standard error, and ends with, on a Node that is too old. */
function onOlderNode(module: string): Promise<[code: unknown, stderr: string]> {
  const preload = join(import.meta.dirname, 'older-node.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', preload, module], (error, _stdout, stderr) =>
      resolve([error?.code, stderr]),
    );
  });
}

it('the command says in one line that Node is too old', async () => {
  expect(await onOlderNode(join(src, 'cli/main.ts'))).toEqual([1, `${told}\n`]);
});

it('so does the package when it is imported, without a stack', async () => {
  const [code, text] = await onOlderNode(join(src, 'index.ts'));
  expect(code).toBe(1);
  expect(text).toContain(told);
  expect(text).not.toMatch(/^\s+at /m);
});

it.each([
  ['v22.18.9', false],
  ['v22.19.0', true],
  ['v23.0.0', true],
  ['v20.19.5', false],
])('%s is new enough: %s', (version, enough) => {
  expect(tooOldNode(version) === null).toBe(enough);
});
