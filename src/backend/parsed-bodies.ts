import { LRUCache } from 'lru-cache';

/** Bodies longer than this are parsed anew each time, in UTF-16 units. */
const longestKept = 512 * 1024;

/** A text and what it parses to, by estimate in bytes for each of its UTF-16 units. */
const bytesAUnit = 8;

/**
 * The JSON of bodies that come again unchanged: while the text of a read stays the same, so does the
 * object, and nothing is parsed. Measured at 28 KB: 89 µs to parse, under 3 µs to compare.
 *
 * Values are shared and therefore frozen: at once outside production, so that code which changes
 * one is found where it is written; in production when they are first shared.
 */
export class ParsedBodies {
  readonly #kept = new LRUCache<string, { text: string; value: unknown; frozen: boolean }>({
    maxSize: 16 * 1024 * 1024,
    sizeCalculation: ({ text }) => 256 + text.length * bytesAUnit,
  });
  readonly #freezesAtOnce: boolean;

  constructor(freezesAtOnce = process.env['NODE_ENV'] !== 'production') {
    this.#freezesAtOnce = freezesAtOnce;
  }

  /** `key` names the read: its path. Fails: SyntaxError, as `JSON.parse`. */
  parse(key: string, text: string): unknown {
    if (text.length > longestKept) return JSON.parse(text);
    const known = this.#kept.get(key);
    if (known !== undefined && known.text === text) {
      if (!known.frozen) known.frozen = freeze(known.value);
      return known.value;
    }
    const value: unknown = JSON.parse(text);
    const frozen = this.#freezesAtOnce && freeze(value);
    this.#kept.set(key, { text, value, frozen });
    return value;
  }
}

/** All the way down, without recursion: a body may be nested as deeply as it likes. */
function freeze(root: unknown): true {
  const open = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    Object.freeze(value);
    for (const inner of Object.values(value)) {
      if (typeof inner === 'object' && inner !== null) open.push(inner);
    }
  }
  return true;
}
