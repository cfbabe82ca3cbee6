import { inOnePiece } from '../one-piece.ts';
import { columnOf, type Branch } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { Use } from './plan.ts';

/** A response body: JSON, and its length in UTF-8. */
export class JsonText {
  readonly #text: string;
  readonly byteLength: number;

  constructor(text: string, byteLength = Buffer.byteLength(text)) {
    this.#text = text;
    this.byteLength = byteLength;
  }

  toString(): string {
    return this.#text;
  }
}

/** Appends the value at a position of a column, or a row of a level, to a text. */
type Append = (text: string, position: number) => string;

/** One column as a view reads it: from a row of the level to what is written. */
interface Piece {
  /** What stands before the value: the key, and what is left open before it. */
  before: string;
  readonly index: readonly number[] | null;
  readonly append: Append;
}

/**
 * The data of a root level without faults as a response body, straight from its columns: what
 * `buildRows` gives, without the objects. Nothing in it is null that must not be, as that would be
 * a fault.
 */
export function writeBody(root: LevelRun): JsonText {
  const writer = new Writer();
  // Otherwise writing it with headers in front leaves its pieces, 35 KB beside 15 KB, to the collector.
  const text = inOnePiece(`${writer.rowsOf(root, 0)('{"data":', 0)}}`);
  return writer.isAscii ? new JsonText(text, text.length) : new JsonText(text);
}

class Writer {
  /** Whether all that was written is; then nobody has to count its bytes. */
  isAscii = true;

  rowsOf(level: LevelRun, view: number): Append {
    const pieces: Piece[] = [];
    let open = '{';
    for (const use of level.activation.outputs[view] ?? []) {
      const values = level.columns[use.field.index]?.values ?? [];
      const before = `${open}${JSON.stringify(use.key)}:`;
      const index = level.groups[use.field.group.index]?.index ?? null;
      const branch = level.columns[use.field.index]?.branch ?? null;
      open = ',';
      if (branch !== null) {
        pieces.push({ before, index, append: this.#objects(use, values, branch, index !== null) });
      } else if (isPlainText(values)) {
        pieces.push({ before: `${before}"`, index, append: (text, at) => text + values[at] });
        open = '",';
      } else {
        pieces.push({ before, index, append: (text, at) => text + this.#leaf(values[at]) });
      }
    }
    const end = pieces.length === 0 ? '{}' : `${open.slice(0, -1)}}`;
    return (text, row) => {
      let written = text;
      for (let at = 0; at < pieces.length; at++) {
        const { before, index, append } = pieces[at] as Piece;
        written = append(written + before, index === null ? row : (index[row] as number));
      }
      return written + end;
    };
  }

  /** `shared`: whether positions repeat, and with them what is below. */
  #objects(use: Use, values: readonly unknown[], branch: Branch, shared: boolean): Append {
    const number = use.field.uses.indexOf(use);
    const rows = branch.levels.map((level) => {
      const append = this.rowsOf(level, number);
      return shared || branch.isShared || level.collapsed !== null
        ? onceWritten(append, level.rows.length)
        : append;
    });
    const item: Append = (text, at) => {
      const level = branch.levelOf(at);
      const append = rows[branch.itemLevels === null ? 0 : (branch.itemLevels[at] as number)];
      return (append as Append)(text, branch.rowOf(at, level));
    };
    return (text, at) => appendSkeleton(text, values[at], item);
  }

  #leaf(value: unknown): string {
    switch (typeof value) {
      case 'number':
        return Number.isFinite(value) ? `${value}` : 'null';
      case 'boolean':
        return value ? 'true' : 'false';
      default: {
        if (value === null || value === undefined) return 'null';
        const json = JSON.stringify(value) ?? 'null';
        if (this.isAscii && beyondAscii.test(json)) this.isAscii = false;
        return json;
      }
    }
  }
}

/** An object where its number stands, or lists of them. */
function appendSkeleton(text: string, skeleton: unknown, item: Append): string {
  if (typeof skeleton === 'number') return item(text, skeleton);
  if (!Array.isArray(skeleton)) return `${text}null`;
  let written = text;
  for (let at = 0; at < skeleton.length; at++) {
    written = appendSkeleton(written + (at === 0 ? '[' : ','), skeleton[at], item);
  }
  return written + (skeleton.length === 0 ? '[]' : ']');
}

/** Rows that several places share are written once. */
function onceWritten(append: Append, rows: number): Append {
  const written = columnOf<string | undefined>(rows);
  return (text, row) => text + (written[row] ??= append('', row));
}

/** Whether all of a column are strings that JSON has as they are, in ASCII. */
function isPlainText(values: readonly unknown[]): boolean {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value !== 'string' || special.test(value)) return false;
  }
  return values.length > 0;
}

const special = /[^ !#-[\]-~]/;
const beyondAscii = /[^ -~]/;
