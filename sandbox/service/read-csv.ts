import { readFileSync } from 'node:fs';

/** The rows of a CSV file (RFC 4180), each as an object named by the header. */
export function readCsv<Column extends string>(
  file: string,
  columns: readonly Column[],
): Record<Column, string>[] {
  const [header, ...rows] = parse(readFileSync(file, 'utf8'));
  if (header?.join() !== columns.join()) {
    throw new Error(`${file} should start with "${columns.join()}" but got "${header?.join()}"`);
  }
  return rows.map((cells, index) => {
    if (cells.length !== columns.length) {
      throw new Error(`${file}:${index + 2} has ${cells.length} cells, not ${columns.length}`);
    }
    // The loop above gives every column a cell.
    return Object.fromEntries(columns.map((name, at) => [name, cells[at]])) as Record<
      Column,
      string
    >;
  });
}

function parse(text: string): string[][] {
  const rows: string[][] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    rows.push(line.includes('"') ? parseQuoted(line) : line.split(','));
  }
  return rows;
}

/** A line with quoted cells; the sandbox's files have no line breaks inside quotes. */
function parseQuoted(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
