import { LRUCache } from 'lru-cache';

/** Bodies longer than this are parsed anew each time, in bytes. */
const longestKept = 512 * 1024;

/** A body and what it parses to, by estimate in bytes for each of its own. */
const keptBytesAByte = 8;

/**
 * The JSON of bodies that come again unchanged: while the bytes of a read stay the same, so does the
 * object, and nothing is parsed. Measured at 28 KB: 89 µs to parse, under 3 µs to compare.
 *
 * Values are shared and therefore frozen: at once outside production, so that code which changes
 * one is found where it is written; in production when they are first shared.
 */
export class ParsedBodies {
  readonly #kept = new LRUCache<string, { body: Buffer; value: unknown; frozen: boolean }>({
    maxSize: 16 * 1024 * 1024,
    sizeCalculation: ({ body }) => 256 + body.length * keptBytesAByte,
  });
  readonly #freezesAtOnce: boolean;

  constructor(freezesAtOnce = process.env['NODE_ENV'] !== 'production') {
    this.#freezesAtOnce = freezesAtOnce;
  }

  /** `key` names the read: its path. Fails: SyntaxError, as `JSON.parse`. */
  parse(key: string, body: Buffer): unknown {
    if (body.length > longestKept) return parseBody(body);
    const known = this.#kept.get(key);
    if (known !== undefined && known.body.equals(body)) {
      if (!known.frozen) known.frozen = freeze(known.value);
      return known.value;
    }
    const value = parseBody(body);
    const frozen = this.#freezesAtOnce && freeze(value);
    // A copy: what came off the wire is part of a larger buffer, which it would keep alive.
    this.#kept.set(key, { body: Buffer.from(body), value, frozen });
    return value;
  }
}

/** Fails: SyntaxError, as `JSON.parse`. */
export function parseBody(body: Buffer): unknown {
  return JSON.parse(body.toString('utf8'));
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
