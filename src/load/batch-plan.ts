import { createHash } from 'node:crypto';
import type { Backend } from '../backend/backend.ts';
import { effectivePolicy } from '../backend/policy.ts';
import { BackendError } from '../error.ts';
import type { BatchCache, BatchOptions } from './batch.ts';

/** The options of any batch, below its typed surface. */
export type AnyBatchOptions = BatchOptions<
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  boolean
>;

const none: readonly string[] = [];

const scopes = ['public', 'viewer', 'none'];

export const batchOptionNames = [
  'name',
  'load',
  'rows',
  'keyOf',
  'value',
  'group',
  'keyToString',
  'maxBatchSize',
  'maxUrlBytes',
  'cache',
  'tags',
] as const satisfies (keyof AnyBatchOptions)[];

export const cacheOptionNames = [
  'scope',
  'ttlMs',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'maxBytes',
] as const satisfies (keyof Exclude<BatchCache, { scope: 'none' }>)[];

/** A batch's options checked once, its defaults filled in, and the rules of its contract. */
export class BatchPlan {
  readonly backend: Backend;
  readonly load: AnyBatchOptions['load'];
  readonly cache: BatchCache;
  readonly timeoutMs: number;
  /** Seen on the first answer; names a batch that has no name. */
  operation: string | undefined;
  readonly #options: AnyBatchOptions;
  readonly #maxBatchSize: number;
  readonly #maxUrlBytes: number;

  /** Fails: TypeError saying the rule and the value. */
  constructor(backend: Backend, options: AnyBatchOptions) {
    this.backend = backend;
    this.#options = options;
    this.load = options.load;
    this.cache = options.cache;
    this.timeoutMs = effectivePolicy(backend).timeoutMs;
    this.#maxBatchSize = options.maxBatchSize ?? 100;
    this.#maxUrlBytes =
      backend.kind === 'rest' ? (options.maxUrlBytes ?? 7 * 1024) : Number.POSITIVE_INFINITY;
    this.#check();
  }

  get name(): string {
    const { name } = this.#options;
    if (name !== undefined) return name;
    return this.operation === undefined
      ? this.backend.name
      : `${this.backend.name} ${this.operation}`;
  }

  /** Text that tells keys apart. Fails: TypeError for null, undefined, and an object without `keyToString`. */
  keyText(key: unknown): string {
    const { keyToString } = this.#options;
    if (typeof key === 'string' && keyToString === undefined) return key;
    if (key === null || key === undefined) {
      throw new TypeError(`batch "${this.name}" must be asked for a key, but got: ${String(key)}`);
    }
    if (keyToString !== undefined) return keyToString(key);
    if (typeof key !== 'object' && typeof key !== 'function') return String(key);
    throw new TypeError(
      `batch "${this.name}" has keys that are objects; it needs keyToString to tell them apart`,
    );
  }

  /** The value of each key that the page answers. Fails: BackendError, TypeError. */
  valuesOf(page: unknown): ReadonlyMap<string, unknown> {
    const { rows, keyOf, value: valueOf, group } = this.#options;
    const isEmpty = page === null || page === undefined;
    const list = rows === undefined || isEmpty ? page : rows(page);
    if (!Array.isArray(list))
      throw this.#badAnswer(`rows must be a list, but got: ${kindOf(list)}`);
    const values = new Map<string, unknown>();
    let withoutKey = 0;
    for (const row of list) {
      if (row === null || row === undefined) continue;
      const key = keyOf(row);
      if (key === null || key === undefined) {
        withoutKey += 1;
        continue;
      }
      const text = this.keyText(key);
      const value = valueOf === undefined ? row : valueOf(row);
      if (group !== true) {
        if (!values.has(text)) values.set(text, value);
        continue;
      }
      const known = values.get(text) as unknown[] | undefined; // groups are lists
      if (known === undefined) values.set(text, [value]);
      else known.push(value);
    }
    if (withoutKey > 0) {
      const some = withoutKey === 1 ? '1 row' : `${withoutKey} rows`;
      throw this.#badAnswer(`returned ${some} with no key; keyOf must return one`);
    }
    return values;
  }

  /** Whether its values can be invalidated by tag. */
  get tagged(): boolean {
    return this.#options.tags !== undefined;
  }

  /** The tags that a key's value has whatever it is. */
  keyTags(text: string): readonly string[] {
    const { tags } = this.#options;
    return typeof tags === 'string' ? [`${tags}:${text}`] : none;
  }

  /** The tags of a value; none unless declared. */
  tagsOf(value: unknown, key: unknown, text: string): readonly string[] {
    const { tags } = this.#options;
    return typeof tags === 'function' ? tags(value, key) : this.keyTags(text);
  }

  /**
   * What its values are called where other processes and later versions see them; null without a
   * name. Another `load`, `value` or key makes another identity, so that a new version never reads
   * what an old one shaped.
   */
  get identity(): string | null {
    const { name, load, rows, keyOf, value, keyToString, group } = this.#options;
    if (name === undefined) return null;
    const shape = [load, rows, keyOf, value, keyToString, group].map(String).join('\n');
    const version = createHash('sha256').update(shape).digest('base64url').slice(0, 10);
    return `${this.backend.name}/${name}@${version}`;
  }

  /** What a key has that the backend does not know. */
  gap(): unknown {
    return this.#options.group === true ? [] : null;
  }

  /** Cuts keys into calls, by number and by the length of the URL. */
  chunks<Entry extends { readonly text: string }>(entries: readonly Entry[]): readonly Entry[][] {
    const chunks: Entry[][] = [];
    let chunk: Entry[] = [];
    let bytes = 0;
    const limited = this.#maxUrlBytes !== Number.POSITIVE_INFINITY;
    for (const entry of entries) {
      const entryBytes = limited ? encodedLength(entry.text) + 3 : 0;
      const full = chunk.length >= this.#maxBatchSize || bytes + entryBytes > this.#maxUrlBytes;
      if (full && chunk.length > 0) {
        chunks.push(chunk);
        chunk = [];
        bytes = 0;
      }
      chunk.push(entry);
      bytes += entryBytes;
    }
    if (chunk.length > 0) chunks.push(chunk);
    return chunks;
  }

  #badAnswer(what: string): BackendError {
    return new BackendError({
      code: 'UPSTREAM_BAD_RESPONSE',
      backend: this.backend.name,
      message: `batch "${this.name}" ${what}`,
    });
  }

  #check(): void {
    const { load, keyOf, cache } = this.#options;
    this.#expect(typeof load === 'function', 'load', 'a function', load);
    this.#expect(typeof keyOf === 'function', 'keyOf', 'a function', keyOf);
    const scope: unknown = (cache as BatchCache | undefined)?.scope;
    this.#expect(
      scopes.includes(String(scope)),
      'cache.scope',
      "'public', 'viewer' or 'none'",
      scope,
    );
    const size = this.#maxBatchSize;
    this.#expect(
      Number.isInteger(size) && size > 0,
      'maxBatchSize',
      'a whole number above 0',
      size,
    );
    const bytes = this.#options.maxUrlBytes ?? 1;
    this.#expect(bytes > 0, 'maxUrlBytes', 'a number above 0', bytes);
    const { tags } = this.#options;
    this.#expect(
      tags === undefined || typeof tags === 'function' || (typeof tags === 'string' && tags !== ''),
      'tags',
      "a type's name or a function",
      tags,
    );
    if (cache.scope === 'none') return;
    for (const option of ['ttlMs', 'staleWhileRevalidateMs', 'staleIfErrorMs'] as const) {
      const value = cache[option] ?? 0;
      this.#expect(value >= 0, `cache.${option}`, 'a number of at least 0', value);
    }
    const most = cache.maxBytes ?? 1;
    this.#expect(
      Number.isInteger(most) && most > 0,
      'cache.maxBytes',
      'a whole number above 0',
      most,
    );
  }

  #expect(holds: boolean, option: string, rule: string, value: unknown): void {
    if (holds) return;
    throw new TypeError(
      `batch "${this.name}": ${option} must be ${rule}, but got: ${typeof value === 'function' ? 'a function' : String(value)}`,
    );
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object'
    ? `an object with ${Object.keys(value).slice(0, 5).join(', ')}`
    : typeof value;
}

/** Length in a URL; an upper bound for text outside ASCII. */
function encodedLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const plain =
      (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!plain) length += code < 128 ? 2 : 8;
  }
  return length;
}
