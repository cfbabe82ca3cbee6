import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { openapiTypes } from './src/contract/openapi-types.ts';
import { protoTypes } from './src/contract/proto-types.ts';

const root = new URL('./', import.meta.url);

/** Writes each generated file that differs; with `check`, writes none. Returns those that differ. */
async function settle(files: ReadonlyMap<string, string>, check: boolean): Promise<string[]> {
  const changed: string[] = [];
  for (const [path, text] of files) {
    const file = new URL(path, root);
    const before = await readFile(file, 'utf8').catch(() => null);
    if (before === text) continue;
    changed.push(path);
    if (!check) await writeFile(file, text);
  }
  return changed;
}

/** `schemas/<domain>/contract.ts` for each domain with an OpenAPI document or a .proto file. */
async function contracts(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const found = await readdir(new URL('schemas/', root), { recursive: true });
  for (const path of found.sort()) {
    const [domain, file, ...deeper] = path.split('/');
    if (domain === undefined || file === undefined || deeper.length > 0) continue;
    const contract = new URL(`schemas/${path}`, root);
    const name = basename(file);
    const target = `schemas/${domain}/contract.ts`;
    if (/^openapi\.(ya?ml|json)$/.test(name)) files.set(target, await openapiTypes(contract));
    else if (name.endsWith('.proto')) files.set(target, await protoTypes(contract));
  }
  return files;
}

const check = process.argv.includes('--check');
const changed = await settle(await contracts(), check);
for (const path of changed) console.log(`${check ? 'would change' : 'wrote'} ${path}`);
if (check && changed.length > 0) process.exitCode = 1;
