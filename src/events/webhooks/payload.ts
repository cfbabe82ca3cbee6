/** A webhook's body as an object: JSON, or the fields of a form; null when it is neither. */
export function payloadOf(
  body: Buffer,
  contentType: string | null,
): Readonly<Record<string, unknown>> | null {
  try {
    const text = utf8.decode(body);
    if (/^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')) {
      return Object.fromEntries(new URLSearchParams(text));
    }
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
