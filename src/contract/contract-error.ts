import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A contract that can't be read: where, what was expected and what is there instead. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly file: URL;
  /** Counted from 1; null when the trouble is with the whole file. */
  readonly line: number | null;

  constructor(file: URL, line: number | null, problem: string, cause?: unknown) {
    const place = line === null ? displayPath(file) : `${displayPath(file)}:${line}`;
    super(`${place}: ${problem}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.line = line;
  }
}

/** The file as a developer would type it: relative to the working directory when it lies below. */
function displayPath(file: URL): string {
  const path = fileURLToPath(file);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
