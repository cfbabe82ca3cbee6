import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describePlace } from './definition-place.ts';
import { didYouMean } from './nearest-name.ts';
import { nearestPath } from './nearest-path.ts';
import { syntaxReport } from './syntax-report.ts';

/**
 * What a developer reads of whatever stopped a definition: the file and line in their own code, the
 * rule, and the nearest name; at most six lines, and no stack. Where no code of theirs had a part
 * in it, the message alone.
 *
 * Knows of modules that are missing, do not export a name, or do not parse; of files that are not
 * there; and of anything that was thrown while a module of theirs was evaluated.
 */
export async function describeFailure(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return String(error);
  const text =
    missingModule(error) ?? (await missingExport(error)) ?? brokenSyntax(error) ?? thrown(error);
  const lines = text.split('\n');
  return lines.length > 6
    ? [...lines.slice(0, 5), `  and ${lines.length - 5} more`].join('\n')
    : text;
}

/**
 * Runs what loads definitions, with stacks deep enough to end in the developer's own code: a parser
 * takes more frames than the ten that Node keeps.
 */
export async function withDeepStacks<Value>(run: () => Promise<Value>): Promise<Value> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function missingModule(error: Error): string | null {
  const found = /^Cannot find (module|package) '(.+)' imported from (.+)$/.exec(error.message);
  if (!found) return null;
  const [, kind, target = '', importer = ''] = found;
  const site = importSite(importer, (specifier) =>
    kind === 'package'
      ? specifier === target || specifier.startsWith(`${target}/`)
      : resolve(dirname(importer), specifier) === target,
  );
  const at = describePlace({ file: importer, line: site?.line ?? 1 });
  const named = site?.specifier ?? target;
  if (kind === 'package')
    return `${at}: imports "${named}", which is not installed.${didYouMean(target, dependenciesOf(importer))}`;
  const nearest = nearestPath(target);
  const hint = nearest === null ? '' : ` Did you mean "${specifierOf(nearest, importer)}"?`;
  return `${at}: imports "${named}", which is not there.${hint}`;
}

async function missingExport(error: Error): Promise<string | null> {
  const [line = ''] = error.message.split('\n');
  const found =
    /^The requested module '(.+)' does not provide an export named '(.+)'$/.exec(line) ??
    /^Named export '(.+)' not found\. The requested module '(.+)' is a CommonJS module/.exec(line);
  const place = printedPlace(error.stack);
  if (!found || place === null) return null;
  const [first = '', second = ''] = found.slice(1);
  const [specifier, name] = line.startsWith('Named') ? [second, first] : [first, second];
  const local = specifier.startsWith('.');
  const target = resolve(dirname(place.file), specifier);
  const what = `${describePlace(place)}: imports ${name} from "${specifier}", which does not export it.`;
  if (local && new RegExp(`export (?:interface|type) ${name}\\b`).test(textOf(target)))
    return `${what} It is a type there: import { type ${name} }`;
  try {
    const module: object = await import(local ? pathToFileURL(target).href : specifier);
    const names = Object.keys(module);
    const others = names.length > 0 && names.length <= 5 ? ` It exports ${names.join(', ')}.` : '';
    return what + (didYouMean(name, names) || others);
  } catch {
    return what;
  }
}

/** The message at its place, with the line of code that it is about. */
function brokenSyntax(error: Error): string | null {
  if (!(error instanceof SyntaxError)) return null;
  const printed =
    printedPlace(error.stack) || !isOfLoader(error) ? error.stack : syntaxReport(error);
  const place = printedPlace(printed);
  if (!printed || place === null) return null;
  const lines = printed.split('\n');
  const caret = lines.findIndex((line) => /^\s*\^+\s*$/.test(line));
  return [
    `${describePlace(place)}: ${error.message}`,
    ...(caret > 1 ? lines.slice(caret - 1, caret + 1) : []),
  ].join('\n');
}

/** Whether Node threw it while it parsed a module; whoever imported that is further down the stack. */
function isOfLoader({ stack = '' }: Error): boolean {
  const top = stack.split('\n').find((line) => /^\s+at /.test(line));
  return top === undefined || /\(node:(?:internal\/modules|vm)\b/.test(top);
}

function thrown(error: Error): string {
  const { name } = error;
  const message = withTextPlace(error);
  if (/^[^\s:]+:\d+: /.test(message)) return message;
  const { path } = error as NodeJS.ErrnoException;
  const nearest = path !== undefined && !existsSync(path) ? nearestPath(path) : null;
  const hint = nearest === null ? '' : `. Did you mean "${relative(process.cwd(), nearest)}"?`;
  const place = ownPlace(error);
  if (place === null) return message + hint;
  const what = /^(?:Type|Reference)Error$/.test(name) ? `${name}: ${message}` : message;
  return `${describePlace(place)}: ${what}${hint}`;
}

/** A GraphQLError with where in its text it is: `(line 12, column 3: iata ID!)`. */
function withTextPlace(error: Error): string {
  const { locations, source } = error as {
    locations?: readonly { readonly line: number; readonly column: number }[];
    source?: { readonly body: string };
  };
  const at = locations?.[0];
  if (at === undefined) return error.message;
  const text = source?.body.split(/\r?\n/)[at.line - 1]?.trim().slice(0, 80) ?? '';
  const place = `line ${at.line}, column ${at.column}${text === '' ? '' : `: ${text}`}`;
  return `${error.message.replace(/\.$/, '')} (${place})`;
}

/** `path:line`, which Node prints above the line of code that does not link or parse. */
function printedPlace(printed?: string | null): { file: string; line: number } | null {
  const [, path, line] = /^((?:file:)?\/.+):(\d+)$/m.exec(printed?.split('\n')[0] ?? '') ?? [];
  return path === undefined ? null : { file: fileOf(path), line: Number(line) };
}

/** Where, in code that is neither this library's nor a package's, the error came from. */
function ownPlace(error: Error): { file: string; line: number } | null {
  for (const frame of (error.stack ?? '').split('\n')) {
    // An asynchronous frame is who waited for it, such as the main module.
    const match = /^\s+at (?!async )(?:.*\()?((?:file:\/\/)?\/.+?):(\d+):\d+\)?$/.exec(frame);
    if (!match?.[1] || /[\\/]node_modules[\\/]/.test(match[1])) continue;
    const file = fileOf(match[1]);
    if (!relative(import.meta.dirname, file).startsWith('..')) continue;
    return { file, line: Number(match[2]) };
  }
  return null;
}

function importSite(
  importer: string,
  isMeant: (specifier: string) => boolean,
): { line: number; specifier: string } | null {
  for (const [index, line] of textOf(importer).split('\n').entries()) {
    for (const [, specifier = ''] of line.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (isMeant(specifier)) return { line: index + 1, specifier };
    }
  }
  return null;
}

function specifierOf(file: string, importer: string): string {
  const path = relative(dirname(importer), file).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** What the nearest package.json above a file lists. */
function dependenciesOf(file: string): string[] {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    const text = textOf(resolve(folder, 'package.json'));
    if (text === '') continue;
    const { name, dependencies, devDependencies } = JSON.parse(text) as Record<string, object>;
    return [String(name), ...Object.keys({ ...dependencies, ...devDependencies })];
  }
  return [];
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function fileOf(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}
