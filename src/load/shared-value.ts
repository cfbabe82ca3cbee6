/** A value and when it stops being fresh, in milliseconds since 1970, as one text; undefined unless plain JSON brings it back unchanged. */
export function encodeValue(value: unknown, freshUntil: number): string | undefined {
  return isPlain(value, 0) ? `${Math.round(freshUntil)}\n${JSON.stringify(value)}` : undefined;
}

/** Undefined for what `encodeValue` didn't write. */
export function decodeValue(
  text: string,
): { readonly value: unknown; readonly freshUntil: number } | undefined {
  const end = text.indexOf('\n');
  const freshUntil = Number(text.slice(0, Math.max(0, end)));
  if (end < 1 || !Number.isFinite(freshUntil)) return undefined;
  try {
    return { value: JSON.parse(text.slice(end + 1)), freshUntil };
  } catch {
    return undefined;
  }
}

/** No date, buffer, bigint, class, NaN, cycle: nothing that JSON would change. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > 32) return false;
  if (Array.isArray(value)) {
    for (const each of value) if (!isPlain(each, depth + 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const object = value as Readonly<Record<string, unknown>>; // not an array, no class
  if (typeof object['toJSON'] === 'function') return false;
  for (const name in object) {
    const each = object[name];
    if (each !== undefined && !isPlain(each, depth + 1)) return false;
  }
  return true;
}
