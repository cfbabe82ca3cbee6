/**
 * JSON with the properties of each object in alphabetical order: equal values have equal texts, and
 * others have others. Undefined properties are left out. Not to be read again: what JSON has no word
 * for is written without quotes, as no text is.
 */
export function stableText(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if ('toJSON' in value) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${stableText(each)}`).join(',')}}`;
}
