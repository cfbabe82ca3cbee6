import { BackendError } from '../error.ts';
import { isRepeated } from './repeated.ts';

/** Fills a path template once per call; templates are taken apart once per process. */
export class PathTemplate {
  /** Literal, name, literal, name, …, literal. */
  readonly #parts: readonly string[];
  readonly template: string;

  /** Fails: Error, unless it starts with a slash. */
  constructor(template: string) {
    if (!template.startsWith('/')) {
      throw new Error(`a path must start with "/", but got: ${JSON.stringify(template)}`);
    }
    this.template = template;
    this.#parts = template.split(/\{([^{}]+)\}/);
  }

  /**
   * The path with each parameter as exactly one segment, whatever is in it.
   *
   * Fails: BackendError BAD_USER_INPUT for a value that is missing, empty, has control
   * characters, or would climb out of its segment.
   */
  fill(backend: string, params: Readonly<Record<string, unknown>>): string {
    const parts = this.#parts;
    if (parts.length === 1) return this.template;
    let path = parts[0]!;
    for (let index = 1; index < parts.length; index += 2) {
      const name = parts[index]!;
      path += this.#segment(backend, name, params[name]) + parts[index + 1]!;
    }
    return path;
  }

  #segment(backend: string, name: string, value: unknown): string {
    const text = isScalar(value) ? String(value) : '';
    const climbs = text.split(/[/\\]/).some((piece) => piece === '.' || piece === '..');
    if (text === '' || climbs || hasControlCharacter(text)) {
      throw refused(
        backend,
        `path parameter "${name}" of ${this.template} must be one plain segment, but got: ${shown(value)}`,
      );
    }
    return encoded(backend, name, text);
  }
}

/**
 * `?a=1&b=x,y`, or the empty string: undefined and null left out, `false` and `0` sent, lists
 * joined by commas (`form`, `explode: false`), or said item by item where they are `repeated`; each
 * item encoded.
 *
 * Fails: BackendError BAD_USER_INPUT for a value that is not a scalar or a list of scalars.
 */
export function queryString(backend: string, query: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const name in query) {
    const value = query[name];
    if (value === undefined || value === null) continue;
    if (isRepeated(value)) {
      for (const item of value.repeated) text += said(text, name, scalar(backend, name, item));
    } else if (Array.isArray(value)) {
      text += said(text, name, value.map((item) => scalar(backend, name, item)).join(','));
    } else {
      text += said(text, name, scalar(backend, name, value));
    }
  }
  return text;
}

function said(before: string, name: string, value: string): string {
  return `${before === '' ? '?' : '&'}${encodeURIComponent(name)}=${value}`;
}

function scalar(backend: string, name: string, value: unknown): string {
  if (typeof value === 'string') return encoded(backend, name, value);
  if (isScalar(value)) return encodeURIComponent(String(value));
  throw refused(backend, `query parameter "${name}" must be a scalar, but got: ${shown(value)}`);
}

function encoded(backend: string, name: string, text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw refused(backend, `parameter "${name}" is not well-formed Unicode: ${shown(text)}`);
  }
}

function isScalar(value: unknown): value is string | number | boolean | bigint {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint';
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function refused(backend: string, message: string): BackendError {
  return new BackendError({ code: 'BAD_USER_INPUT', backend, message: `${backend}: ${message}` });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
