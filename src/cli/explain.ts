import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { composeBff } from '../bff/compose-bff.ts';
import { type Bff, isBff } from '../bff/define-bff.ts';
import { createEngine } from '../engine/engine.ts';
import { refuseServing } from '../no-serving.ts';
import { UsageError } from './usage-error.ts';

export const explainHelp = `tailorbird explain <bff> <operation> [--name <operation name>]

  <bff>         a file that exports a bff, such as bff-web/bff.ts
  <operation>   a .graphql file, a query as text, or - for standard input
  --name        which operation, when the document has several
`;

/** The plan of one operation, as text. */
export async function explain(args: readonly string[]): Promise<string> {
  const { values, positionals } = parsed(args);
  const [file, operation, ...others] = positionals;
  if (file === undefined || operation === undefined || others.length > 0) {
    throw new UsageError(`explain takes a bff and an operation\n\n${explainHelp}`);
  }
  const composed = composeBff(await bffOf(file));
  const engine = createEngine({ ...composed, schema: composed.graph });
  const plan = engine.prepare(sourceOf(operation), values.name);
  if ('errors' in plan) throw new Error(plan.errors.map(String).join('\n'));
  return `${engine.explain(plan)}\n`;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { name: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function sourceOf(operation: string): string {
  if (operation === '-') return readFileSync(0, 'utf8');
  if (operation.includes('{')) return operation;
  if (!existsSync(operation)) throw new UsageError(`there is no file ${operation}`);
  return readFileSync(operation, 'utf8');
}

async function bffOf(file: string): Promise<Bff> {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
  if (statSync(file).isDirectory()) {
    throw new UsageError(`${file} is a folder; name the file that exports a bff${example(file)}`);
  }
  refuseServing(
    `${file} starts a server; put defineBff in a file of its own that exports the bff, and name that one${example(dirname(file))}`,
  );
  const module = (await import(pathToFileURL(resolve(file)).href)) as object;
  const found = Object.values(module).find(isBff);
  if (found) return found;
  throw new UsageError(`${file} exports no bff; export what defineBff returns`);
}

/** The file of a bff that is in a folder, or that could be. */
function example(folder: string): string {
  const files = ['ts', 'js', 'mjs'].map((ending) => join(folder, `bff.${ending}`));
  return `, such as ${files.find((path) => existsSync(path)) ?? files[0]}`;
}
