/**
 * Roughly what a JSON-like value takes in memory, in bytes. Looks at no more than 500 parts, and
 * counts the rest of a larger value as more of the same.
 */
export function approximateBytes(value: unknown): number {
  const pending: unknown[] = [value];
  let bytes = 0;
  let seen = 0;
  while (pending.length > 0 && seen < 500) {
    const part = pending.pop();
    seen += 1;
    if (typeof part === 'string') bytes += 16 + part.length * 2;
    else if (typeof part !== 'object' || part === null) bytes += 8;
    else if (ArrayBuffer.isView(part)) bytes += 64 + part.byteLength;
    else {
      const parts: unknown[] = Array.isArray(part) ? part : Object.values(part);
      bytes += 32 + parts.length * 8;
      for (const each of parts) pending.push(each);
    }
  }
  return Math.ceil((bytes * (seen + pending.length)) / Math.max(1, seen));
}
