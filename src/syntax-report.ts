import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * What Node prints of a syntax error when it knows the place: `path:line`, the line of code and a
 * caret. Null when no module has that error.
 *
 * Node keeps the place of a JavaScript module to itself until it ends by the error. So the modules
 * that are reached from those on the command line are parsed again, by a Node that does end by it.
 */
export function syntaxReport({ message }: SyntaxError): string | null {
  const modules = modulesFrom(process.argv.slice(1));
  if (modules.length === 0) return null;
  const options = ['--experimental-vm-modules', '--no-warnings', '--input-type=module'];
  const { stderr } = spawnSync(
    process.execPath,
    [...options, '--eval', parseAgain, message, ...modules],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' }, timeout: parseWithinMs },
  );
  return stderr.includes(message) ? stderr : null;
}

const parseWithinMs = 10_000;

/** Parses and runs nothing; ends by the first error of the message that is asked for. */
const parseAgain = `
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { SourceTextModule } from 'node:vm';
const [message, ...modules] = process.argv.slice(1);
for (const identifier of modules) {
  try {
    const text = readFileSync(identifier, 'utf8');
    const source = /\\.m?ts$/.test(identifier) ? stripTypeScriptTypes(text) : text;
    new SourceTextModule(source, { identifier });
  } catch (error) {
    if (error.message === message) throw error;
  }
}`;

/** The modules and what they import by a relative path, whether or not it parses. */
function modulesFrom(named: readonly string[]): readonly string[] {
  const reached = new Set(named.map(moduleAt).filter((file) => file !== null));
  for (const file of reached) {
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g,
    )) {
      const imported = moduleAt(fileURLToPath(new URL(specifier, pathToFileURL(file))));
      if (imported !== null) reached.add(imported);
    }
  }
  return [...reached];
}

/** The file's own path when there is a module that is neither this library's nor a package's. */
function moduleAt(path: string): string | null {
  if (!existsSync(path)) return null;
  const file = realpathSync(path);
  if (!/\.m?[jt]s$/.test(file) || /[\\/]node_modules[\\/]/.test(file)) return null;
  return file.startsWith(import.meta.dirname) ? null : file;
}
