import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
let tree: string;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'codegen-'));
  for (const part of ['bff-mobile', 'bff-web', 'codegen.ts', 'package.json', 'schemas', 'src']) {
    const filter = (path: string) => !/node_modules|explorer\//.test(path.slice(repository.length));
    await cp(join(repository, part), join(tree, part), { recursive: true, filter });
  }
  await symlink(join(repository, 'node_modules'), join(tree, 'node_modules'));
});

afterAll(async () => {
  await rm(tree, { recursive: true });
});

interface Run {
  readonly code: number;
  readonly lines: string[];
  readonly errors: string;
}

async function codegen(...flags: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const done = (error: Error | null, stdout: string, stderr: string) => {
      const code = error && 'code' in error ? Number(error.code) : 0;
      resolve({ code, lines: stdout.split('\n').filter((line) => line !== ''), errors: stderr });
    };
    execFile(process.execPath, ['codegen.ts', ...flags], { cwd: tree }, done);
  });
}

function read(path: string): Promise<string> {
  return readFile(join(tree, path), 'utf8');
}

test('the tree is as the generator makes it', async () => {
  expect(await codegen('--check')).toEqual({ code: 0, lines: [], errors: '' });
});

test('what was edited, lost or left behind is named by --check and put right by a run', async () => {
  const edited = await read('schemas/airports/contract.ts');
  const lost = await read('bff-mobile/schema.graphql');
  const leftBehind = 'bff-web/operations/generated/0.0.1/graphql.ts';
  await writeFile(join(tree, 'schemas/airports/contract.ts'), `${edited}// mine\n`);
  await rm(join(tree, 'bff-mobile/schema.graphql'));
  await cp(
    join(tree, 'bff-web/operations/generated/1.0.0'),
    join(tree, 'bff-web/operations/generated/0.0.1'),
    { recursive: true },
  );

  const { code, lines } = await codegen('--check');
  expect(code).toBe(1);
  expect(lines).toContain('would write schemas/airports/contract.ts');
  expect(lines).toContain('would write bff-mobile/schema.graphql');
  expect(lines).toContain(`would remove ${leftBehind}`);
  expect(await read('schemas/airports/contract.ts')).toBe(`${edited}// mine\n`);

  expect((await codegen()).code).toBe(0);
  expect(await read('schemas/airports/contract.ts')).toBe(edited);
  expect(await read('bff-mobile/schema.graphql')).toBe(lost);
  await expect(read(leftBehind)).rejects.toThrow('ENOENT');
  expect(await codegen('--check')).toEqual({ code: 0, lines: [], errors: '' });
});

test('each persisted document is filed under its SHA-256', async () => {
  for (const client of ['bff-web', 'bff-mobile']) {
    const versions = await readdir(join(tree, client, 'operations/generated'));
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) {
      const path = `${client}/operations/generated/${version}/persisted-documents.json`;
      const documents: Record<string, string> = JSON.parse(await read(path));
      expect(Object.keys(documents).length).toBeGreaterThan(0);
      for (const [id, text] of Object.entries(documents)) {
        expect(id).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
      }
    }
  }
});

test('a mistake is told with its file and line, without a stack', async () => {
  const path = 'bff-web/operations/1.0.0/Mistake.graphql';
  await writeFile(join(tree, path), 'query Mistake {\n  airprt(iata: "ATL") { name }\n}\n');
  const operation = await codegen('--check');
  await rm(join(tree, path));
  expect(operation.code).toBe(1);
  expect(operation.errors).toBe(
    `${path}:2: Cannot query field "airprt" on type "Query". Did you mean "airport" or "airports"?\n`,
  );

  const contract = await read('schemas/flights/flights.proto');
  await writeFile(
    join(tree, 'schemas/flights/flights.proto'),
    contract.replace('message Route', 'mesage Route'),
  );
  const broken = await codegen('--check');
  await writeFile(join(tree, 'schemas/flights/flights.proto'), contract);
  expect(broken.code).toBe(1);
  expect(broken.errors).toMatch(
    /^schemas\/flights\/flights\.proto:\d+: expected a \.proto file.*\n$/,
  );
});

test('an unknown flag is answered with the usage', async () => {
  expect(await codegen('--chek')).toEqual({
    code: 2,
    lines: [],
    errors: 'usage: node codegen.ts [--check]\n',
  });
});
