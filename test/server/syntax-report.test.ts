import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../sandbox/temp-dir.ts';

const src = join(import.meta.dirname, '../../src');
const main = `import { serveBff } from '${src}/index.ts';
await serveBff(() => import('./bff.mjs'), { port: 0, adminPort: 0 });`;

/** What a command prints on standard error in a folder of these files. */
async function told(files: Record<string, string>, ...command: string[]): Promise<string> {
  using dir = tempDir();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir.path, name), text);
  return await new Promise((resolve) => {
    const env = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };
    execFile(process.execPath, command, { cwd: dir.path, env }, (_error, _stdout, stderr) =>
      resolve(stderr),
    );
  });
}

const slip = `export const names = {
  a: 'b'
  'c': 'd',
};`;

test('a slip of syntax in a bff of JavaScript is told with its place', async () => {
  expect(await told({ 'main.mjs': main, 'bff.mjs': slip }, 'main.mjs')).toBe(
    "bff.mjs:3: Unexpected string\n  'c': 'd',\n  ^^^\n",
  );
});

test('so is one in a file that it imports, past one that parses', async () => {
  const files = {
    'main.mjs': main,
    'bff.mjs': "import {\n  names,\n} from './fields.js';\nexport * from './other.mjs';",
    'fields.js': slip,
    'other.mjs': "import './bff.mjs';",
    'package.json': '{ "type": "module" }',
  };
  expect(await told(files, 'main.mjs')).toMatch(/^fields\.js:3: Unexpected string\n/);
});

test('explain tells it too', async () => {
  const files = { 'bff.mjs': "import './fields.mjs';", 'fields.mjs': slip };
  expect(await told(files, join(src, 'cli/main.ts'), 'explain', 'bff.mjs', '{ a }')).toMatch(
    /^fields\.mjs:3: Unexpected string\n/,
  );
});

test('TypeScript that is no JavaScript once its types are gone has its place as well', async () => {
  const files = { 'bff.ts': 'export const a = 1;\nlet a: number = 2;' };
  expect(await told(files, join(src, 'cli/main.ts'), 'explain', 'bff.ts', '{ a }')).toMatch(
    /^bff\.ts:2: Identifier 'a' has already been declared\n/,
  );
});
