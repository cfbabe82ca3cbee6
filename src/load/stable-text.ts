/**
 * JSON with the properties of each object in alphabetical order: equal values have equal texts.
 * Undefined properties are left out.
 */
export function stableText(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}n"`;
  // JSON has no word for these, and writes null or 0.
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return Object.is(value, -0) ? '"-0n"' : `"${value}n"`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if ('toJSON' in value) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${stableText(each)}`).join(',')}}`;
}
