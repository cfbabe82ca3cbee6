/**
 * Checks a value against an interface of generated TypeScript, and names what doesn't fit.
 * Knows only what generated contracts use; the types themselves are judged by the type checker.
 */
export function shapeErrors(source: string, typeName: string, value: unknown): string[] {
  return check(declarationsOf(source), typeName, typeName, value);
}

function declarationsOf(source: string): Map<string, string> {
  const code = source.replaceAll(/\/\*\*[\s\S]*?\*\//g, '').replaceAll(/\s+/g, ' ');
  const found = code.matchAll(
    /export (?:interface (\w+) (\{.*?\}) (?=export|$)|type (\w+) = (.*?); ?(?=export|$))/g,
  );
  return new Map(
    Array.from(found, ([, name, body, alias, type]) => [name ?? alias ?? '', body ?? type ?? '']),
  );
}

function check(types: Map<string, string>, type: string, at: string, value: unknown): string[] {
  const [first = '', ...others] = split(type, '|');
  if (others.length > 0) {
    const results = [first, ...others].map((one) => check(types, one, at, value));
    return (
      results.find((errors) => errors.length === 0) ??
      results.toSorted((a, b) => b.length - a.length)[0] ??
      []
    );
  }
  const declared = types.get(first);
  if (declared !== undefined) return check(types, declared, at, value);
  if (first.startsWith("'")) return first === `'${String(value)}'` ? [] : [`${at} is not ${first}`];
  if (first === 'null') return value === null ? [] : [`${at} is not null`];
  if (first === 'Uint8Array') return value instanceof Uint8Array ? [] : [`${at} is not bytes`];
  const item = /^readonly \(?(.*?)\)?\[\]$/.exec(first)?.[1];
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${at} is not a list`];
    return value.flatMap((one, n) => check(types, item, `${at}[${n}]`, one));
  }
  if (!first.startsWith('{'))
    return typeof value === first ? [] : [`${at} is ${typeof value}, not ${first}`];
  return checkObject(types, first, at, value);
}

function checkObject(
  types: Map<string, string>,
  type: string,
  at: string,
  value: unknown,
): string[] {
  if (typeof value !== 'object' || value === null) return [`${at} is not an object`];
  const given = new Map<string, unknown>(Object.entries(value));
  const errors = split(type.slice(1, -1), ';').flatMap((member) => {
    const index = /^readonly \[key: string\]: (.*)$/.exec(member)?.[1];
    if (index !== undefined) {
      const rest = [...given];
      given.clear();
      return rest.flatMap(([key, one]) => check(types, index, `${at}.${key}`, one));
    }
    const [, key = '', optional, memberType = ''] =
      /^(?:readonly )?(\w+)(\?)?: (.*)$/.exec(member) ?? [];
    const has = given.has(key);
    const one = given.get(key);
    given.delete(key);
    if (!has) return optional ? [] : [`${at}.${key} is missing`];
    return check(types, memberType, `${at}.${key}`, one);
  });
  return [...errors, ...[...given.keys()].map((key) => `${at}.${key} is not in the type`)];
}

/** Splits at a separator that stands outside of all brackets. */
function split(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of text) {
    if ('{[('.includes(char)) depth += 1;
    if ('}])'.includes(char)) depth -= 1;
    if (char === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
