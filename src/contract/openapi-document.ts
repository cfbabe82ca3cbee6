import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { didYouMean } from '../nearest-name.ts';
import { ContractError } from './contract-error.ts';

/** Where something stands in the document: the keys that lead to it. */
export type Place = readonly (string | number)[];

export type Fields = Readonly<Record<string, unknown>>;

/** Something of the contract, and where it stands. */
export interface Located<T = unknown> {
  readonly value: T;
  readonly place: Place;
}

/** An OpenAPI document in memory: its values, and the way back to the lines of the file. */
export class OpenapiDocument {
  readonly file: URL;
  readonly root: Located<Fields>;
  /** `3.0`, `3.1` or `3.2`. */
  readonly version: string;
  readonly #lines: LineCounter;
  readonly #source: Document;

  /**
   * Reads a YAML or JSON file.
   *
   * Fails: ContractError when the file is missing, isn't YAML, or isn't OpenAPI 3.
   */
  static async read(file: URL): Promise<OpenapiDocument> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new ContractError(
        file,
        null,
        'expected an OpenAPI document, but there is no such file',
        error,
      );
    });
    const lines = new LineCounter();
    const source = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [broken] = source.errors;
    if (broken) {
      const { line } = lines.linePos(broken.pos[0]);
      throw new ContractError(file, line, `expected YAML or JSON: ${broken.message}`, broken);
    }
    return new OpenapiDocument(file, source, lines);
  }

  private constructor(file: URL, source: Document, lines: LineCounter) {
    this.file = file;
    this.#source = source;
    this.#lines = lines;
    const root: unknown = source.toJS();
    if (!isFields(root))
      throw new ContractError(file, 1, 'expected an OpenAPI document (openapi, info, paths)');
    this.root = { value: root, place: [] };
    const version = String(root['openapi'] ?? root['swagger'] ?? 'none');
    if (!/^3\.[012](\.|$)/.test(version)) {
      const line = this.lineOf(root['openapi'] === undefined ? ['swagger'] : ['openapi']);
      throw new ContractError(
        file,
        line,
        `expected "openapi: 3.0.x" or "3.1.x", but the version is ${version}`,
      );
    }
    this.version = version.slice(0, 3);
  }

  /** The line of the closest thing that exists on the way to `place`. */
  lineOf(place: Place): number {
    for (let length = place.length; length > 0; length -= 1) {
      const node: unknown = this.#source.getIn(place.slice(0, length), true);
      const start = isFields(node) && Array.isArray(node['range']) ? node['range'][0] : undefined;
      if (typeof start === 'number') return this.#lines.linePos(start).line;
    }
    return 1;
  }

  fail(place: Place, problem: string): ContractError {
    return new ContractError(this.file, this.lineOf(place), problem);
  }

  /** `value` as an object; an absent one has no fields. */
  fields(located: Located): Located<Fields> {
    const { value, place } = located;
    if (value === undefined || value === null) return { value: {}, place };
    if (isFields(value)) return { value, place };
    throw this.fail(
      place,
      `expected an object at ${pointer(place)}, but got ${JSON.stringify(value)}`,
    );
  }

  /** One field of an object, with its place. */
  child(parent: Located<Fields>, key: string): Located {
    return { value: parent.value[key], place: [...parent.place, key] };
  }

  /** One field that is an object, `$ref`s followed. */
  object(parent: Located<Fields>, key: string): Located<Fields> {
    return this.fields(this.resolve(this.child(parent, key)));
  }

  /** The thing itself, following `$ref`s until there is none. */
  resolve(located: Located): Located {
    let current = located;
    const seen = new Set<string>();
    for (let ref = refOf(current.value); ref !== null; ref = refOf(current.value)) {
      if (seen.has(ref)) throw this.fail(located.place, `"$ref: ${ref}" leads back to itself`);
      seen.add(ref);
      current = this.target(ref, current.place);
    }
    return current;
  }

  /** What a `$ref` names. Only this file's own things (`#/…`) are read. */
  target(ref: string, from: Place): Located {
    const at = [...from, '$ref'];
    if (!ref.startsWith('#/')) {
      throw this.fail(
        at,
        `"$ref: ${ref}" leaves the file; expected "#/…" (bundle the contract into one file)`,
      );
    }
    const place = ref.slice(2).split('/').map(unescapePointer);
    let value: unknown = this.root.value;
    for (const key of place) {
      const within: unknown = value;
      value = Array.isArray(within)
        ? within[Number(key)]
        : isFields(within)
          ? within[key]
          : undefined;
      if (value !== undefined) continue;
      const near = didYouMean(String(key), isFields(within) ? Object.keys(within) : []);
      throw this.fail(at, `"$ref: ${ref}" names nothing: there is no "${key}".${near}`);
    }
    return { value, place };
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The target of a reference object; null for anything else. */
export function refOf(value: unknown): string | null {
  return isFields(value) && typeof value['$ref'] === 'string' ? value['$ref'] : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

function pointer(place: Place): string {
  return `#/${place.join('/')}`;
}

function unescapePointer(part: string): string {
  return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
}
