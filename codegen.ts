import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CodegenConfig } from '@graphql-codegen/cli';
import {
  buildSchema,
  concatAST,
  GraphQLError,
  GraphQLSchema,
  isIntrospectionType,
  isSpecifiedScalarType,
  parse,
  printSchema,
  printType,
  Source,
  validate,
} from 'graphql';
import { composeBff } from './src/bff/compose-bff.ts';
import { isBff } from './src/bff/define-bff.ts';
import { graphTypes } from './src/bff/graph-types.ts';
import { openapiTypes } from './src/contract/openapi-types.ts';
import { protoTypes } from './src/contract/proto-types.ts';
import { describeFailure, withDeepStacks } from './src/describe-failure.ts';
import { createEngine } from './src/engine/engine.ts';
import type { Subschema } from './src/subschema/define-subschema.ts';

const root = import.meta.dirname;

/** What `graphql-codegen --config codegen.ts` reads; `npm run codegen` does this and all the rest. */
export default operationsConfig((client) => `${client}/schema.graphql`);

if (import.meta.main) await main();

/**
 * Writes every generated file that would change. With `--check` it writes none, and exits with 1
 * when there are any. A mistake in a contract, a definition or an operation is told without a
 * stack; what can only be a defect of the generator has one.
 */
async function main(): Promise<void> {
  const [flag, ...others] = process.argv.slice(2);
  const check = flag === '--check';
  if (others.length > 0 || (flag !== undefined && !check)) {
    console.error('usage: node codegen.ts [--check]');
    process.exitCode = 2;
    return;
  }
  try {
    // In this order: each step reads what the ones before it wrote.
    let changed = await settle(await contracts(), check);
    changed += await settle(await withDeepStacks(subschemas), check);
    const clientFiles = await withDeepStacks(clients);
    changed += await settle(clientFiles, check);
    changed += await settle(await operations(clientFiles), check);
    if (check && changed > 0) process.exitCode = 1;
  } catch (error) {
    const told = await describeFailure(error);
    const placed = /^[^\s:]+:\d+: /.test(told);
    if (error instanceof TypeError && told === error.message && !placed) throw error;
    console.error(told);
    process.exitCode = 1;
  }
}

/** A file's path from the root, and what it should hold; null when it should not be there. */
type Files = Map<string, string | null>;

async function contracts(): Promise<Files> {
  const files: Files = new Map();
  for (const path of found('schemas/*/{openapi.{yaml,yml,json},*.proto}')) {
    const contract = new URL(path, import.meta.url);
    const types = path.endsWith('.proto') ? protoTypes(contract) : openapiTypes(contract);
    const target = join(dirname(path), 'contract.ts');
    if (files.has(target))
      throw new Error(`${path}: ${dirname(path)} has a contract already; expected one`);
    files.set(target, await types);
  }
  return files;
}

async function subschemas(): Promise<Files> {
  const files: Files = new Map();
  for (const path of found('schemas/*/index.ts')) {
    const subschema = await exported(path, isSubschema, 'a subschema, made by defineSubschema');
    // A GraphQL backend's schema.graphql is the contract itself.
    if (subschema.backend.kind === 'graphql') continue;
    files.set(join(dirname(path), 'schema.graphql'), sdlOf(subschema.schema));
  }
  return files;
}

async function clients(): Promise<Files> {
  const files: Files = new Map();
  for (const path of found('bff-*/bff.ts')) {
    const composed = composeBff(await exported(path, isBff, 'a bff, made by defineBff'));
    const { graph, clientSchema } = composed;
    // For what only planning finds, such as a field that needs itself.
    createEngine({ ...composed, schema: graph });
    files.set(join(dirname(path), 'schema.graphql'), sdlOf(clientSchema));
    files.set(join(dirname(path), 'graph.generated.ts'), graphTypes(graph));
  }
  return files;
}

async function operations(clientFiles: Files): Promise<Files> {
  const schemaOf = (client: string) => clientFiles.get(`${client}/schema.graphql`) ?? '';
  const stale = found('bff-*/operations/generated/**/*.{ts,json}');
  const files: Files = new Map(stale.map((path) => [path, null]));
  const folders = operationFolders();
  if (folders.length === 0) return files;
  for (const folder of folders) checkOperations(folder, schemaOf);
  // Loaded only here: it takes longer than everything before it.
  const { generate } = await import('@graphql-codegen/cli');
  const config = operationsConfig(schemaOf);
  for (const { filename, content } of await generate({ ...config, cwd: root }, false)) {
    files.set(filename, finished(filename, content));
  }
  return files;
}

/**
 * Types and persisted documents for the operations of every released version of every client: one
 * output per `bff-<client>/operations/<version>/`, or one for operations without versions.
 */
function operationsConfig(schemaOf: (client: string) => string): CodegenConfig {
  const outputs = operationFolders().map((folder) => {
    const [client = '', operations, ...version] = folder.split('/');
    const output: CodegenConfig['generates'][string] = {
      preset: 'client',
      schema: schemaOf(client),
      documents: `${folder}/*.graphql`,
      presetConfig: {
        fragmentMasking: false,
        persistedDocuments: { mode: 'embedHashInDocument', hashAlgorithm: 'sha256' },
      },
      config: {
        enumType: 'string-literal',
        immutableTypes: true,
        importExtension: '.ts',
        scalars: { DateTime: 'string', ID: 'string', JSON: 'unknown' },
        strictScalars: true,
        useTypeImports: true,
      },
    };
    return [[client, operations, 'generated', ...version, ''].join('/'), output] as const;
  });
  return {
    silent: true,
    hooks: { beforeOneFileWrite: finished },
    generates: Object.fromEntries(outputs),
  };
}

/** The generator stops at the first mistake, and doesn't tell its line. */
function checkOperations(folder: string, schemaOf: (client: string) => string): void {
  const [client = ''] = folder.split('/');
  const schema = buildSchema(schemaOf(client));
  const parsed = found(`${folder}/*.graphql`).map((path) => {
    try {
      return parse(new Source(readFileSync(join(root, path), 'utf8'), path));
    } catch (error) {
      if (error instanceof GraphQLError) throw new Error(described(error), { cause: error });
      throw error;
    }
  });
  const errors = validate(schema, concatAST(parsed), undefined, { maxErrors: 5 });
  if (errors.length > 0) throw new Error(errors.map(described).join('\n'));
}

function described(error: GraphQLError): string {
  const line = error.locations?.[0]?.line;
  return `${[error.source?.name, line].filter(Boolean).join(':')}: ${error.message}`;
}

/** A generated file with what the preset leaves out: who made it, and the last line's end. */
function finished(path: string, content: string): string {
  const header = '// Generated from the operations by `npm run codegen`. Do not edit.\n';
  return `${path.endsWith('.ts') ? header : ''}${content.trimEnd()}\n`;
}

/** Folders with operations written by hand, from the root. */
function operationFolders(): string[] {
  const folders = found('bff-*/operations/**/*.graphql').map((path) => dirname(path));
  return [...new Set(folders)].filter((folder) => folder.split('/')[2] !== 'generated');
}

/** Makes the files so, or only says which differ. Returns how many do. */
async function settle(files: Files, check: boolean): Promise<number> {
  let changed = 0;
  for (const [path, text] of files) {
    const file = join(root, path);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
    if (before === text) continue;
    changed += 1;
    console.log(`${check ? 'would ' : ''}${text === null ? 'remove' : 'write'} ${path}`);
    if (check) continue;
    if (text === null) {
      await rm(file);
      if (readdirSync(dirname(file)).length === 0) await rmdir(dirname(file));
      continue;
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return changed;
}

/**
 * A schema's SDL: directives, then the roots, then the other types by name, so that a new use of
 * a type doesn't move it and the diff shows what changed.
 */
function sdlOf(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const others = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const types = new Set([...roots.filter((type) => type != null), ...others]);
  const directives = printSchema(new GraphQLSchema({ directives: schema.getDirectives() }));
  return `${[directives, ...[...types].map(printType)].filter((part) => part !== '').join('\n\n')}\n`;
}

/** The one export of a module that `is` what is looked for. */
async function exported<T>(
  path: string,
  is: (value: unknown) => value is T,
  what: string,
): Promise<T> {
  const module: Record<string, unknown> = await import(new URL(path, import.meta.url).href);
  const value = Object.values(module).find(is);
  if (value !== undefined) return value;
  const names = Object.keys(module).join(', ') || 'nothing';
  throw new Error(`${path}: expected an export that is ${what}, but it exports ${names}`);
}

function isSubschema(value: unknown): value is Subschema {
  return typeof value === 'object' && value !== null && 'backend' in value && 'merge' in value;
}

/** Files from the root, by name. */
function found(pattern: string): string[] {
  return globSync(pattern, { cwd: root }).sort();
}
