import { jsonInPieces } from './json-in-pieces.ts';

/** What a webhook's body says: a JSON object, or the fields of a form. */
export type Payload = Readonly<Record<string, unknown>>;

/** The longest JSON that is read in one go, in bytes: 2 ms or so of the usual, 60 ms of the worst. */
export const longestAtOnceBytes = 256 * 1_024;

/** The longest form, in bytes. */
export const longestFormBytes = 1_024 * 1_024;

/** Fields of a form: the platform's reader takes seconds for a hundred thousand. */
const mostFields = 1_000;

/** Whether a body says of itself that it is a form. */
export function isForm(contentType: string | null): boolean {
  return /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '');
}

/** A webhook's body as an object: JSON, or the fields of a form; null when it is neither. */
export function payloadOf(body: Buffer, contentType: string | null): Payload | null {
  try {
    const text = utf8.decode(body);
    if (isForm(contentType)) return hasFewFields(text) ? formIn(text) : null;
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

function formIn(text: string): Payload {
  return Object.fromEntries(new URLSearchParams(text));
}

function hasFewFields(text: string): boolean {
  let at = -1;
  for (let fields = 0; fields < mostFields; fields += 1) {
    at = text.indexOf('&', at + 1);
    if (at === -1) return true;
  }
  return false;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
