import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { tempDir } from '../sandbox/temp-dir.ts';

const root = join(import.meta.dirname, '../..');

/**
 * The tarball's files in an empty folder, its dependencies beside it as npm would put them there;
 * they are linked from this checkout, so that the test needs no network.
 */
function install(folder: string): string {
  execFileSync(process.execPath, ['deploy/build-package.ts'], { cwd: root });
  execFileSync('npm', ['pack', join(root, 'dist'), '--pack-destination', folder], {
    stdio: 'pipe',
  });
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '';
  const target = join(folder, 'node_modules/tailorbird');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['xzf', join(folder, tarball), '-C', target, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
  return target;
}

it('runs a bff of two files from the packed tarball, in an empty folder', async () => {
  using dir = tempDir();
  const target = install(dir.path);
  writeFileSync(
    join(dir.path, 'greeting.mjs'),
    `import { createSubschemaBuilder, defineRestBackend, defineSubschema } from 'tailorbird';
     const builder = createSubschemaBuilder();
     builder.queryField('greeting', (t) => t.string({ resolve: () => 'hello' }));
     export const greeting = defineSubschema({
       backend: defineRestBackend({ name: 'greetings', endpoints: 'http://127.0.0.1:1' }),
       builder,
     });`,
  );
  writeFileSync(
    join(dir.path, 'main.mjs'),
    `import { defineBff, serveBff } from 'tailorbird';
     import { greeting } from './greeting.mjs';
     await serveBff(defineBff({ name: 'tiny', subschemas: [greeting] }), { port: 0, adminPort: 0 });`,
  );
  const child = spawn(process.execPath, ['main.mjs'], {
    cwd: dir.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let url = '';
    for await (const line of createInterface({ input: child.stdout })) {
      url = /(http:\/\/[^ ]+\/graphql)/.exec(line)?.[1] ?? '';
      if (url) break;
    }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ greeting }"}',
    });
    expect(await response.json()).toEqual({ data: { greeting: 'hello' } });
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toContain('text/html');
  } finally {
    child.kill();
  }
  expect(existsSync(join(target, 'index.d.ts'))).toBe(true);
  const help = execFileSync(process.execPath, [join(target, 'cli/main.js'), '--help'], {
    encoding: 'utf8',
  });
  expect(help).toContain('explain');
}, 120_000);
