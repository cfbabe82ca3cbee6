import { jsonInPieces } from './json-in-pieces.ts';

/** What a webhook's body says: a JSON object, or the fields of a form. */
export type Payload = Readonly<Record<string, unknown>>;

/**
 * The longest body that is read in one go: 10 ms or so. Longer JSON is read in pieces; a longer
 * form is refused.
 */
export const longestAtOnceBytes = 1_024 * 1_024;

/** Whether a body says of itself that it is a form. */
export function isForm(contentType: string | null): boolean {
  return /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '');
}

/** A webhook's body as an object: JSON, or the fields of a form; null when it is neither. */
export function payloadOf(body: Buffer, contentType: string | null): Payload | null {
  try {
    const text = utf8.decode(body);
    if (isForm(contentType)) return Object.fromEntries(new URLSearchParams(text));
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The same of JSON in chunks, a piece with each step; null as well when it is too deep. */
export function* payloadInPieces(chunks: readonly Buffer[]): Generator<void, Payload | null> {
  try {
    const value = yield* jsonInPieces(chunks);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
