import { Problem } from './rest-server.ts';

/** A request that the contract does not allow, as 400. */
export function badRequest(detail: string): Problem {
  return new Problem(400, 'Bad request', detail);
}

/** Refuses parameters that are not in `names`, and any that is given twice. */
export function checkNames(query: URLSearchParams, names: readonly string[]): void {
  for (const name of new Set(query.keys())) {
    if (!names.includes(name)) {
      throw badRequest(`There is no parameter "${name}"; there are ${names.join(', ')}.`);
    }
    if (query.getAll(name).length > 1) {
      throw badRequest(`Parameter "${name}" is given more than once.`);
    }
  }
}

/** A whole number within its range, or its default. */
export function readInteger(
  query: URLSearchParams,
  name: string,
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const text = query.get(name);
  if (text === null) return range.fallback;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= range.min && value <= range.max) return value;
  throw badRequest(
    `Parameter "${name}" has to be a whole number from ${range.min} to ${range.max}, but is "${text}".`,
  );
}

/** Comma-separated values that each match `pattern`, without repetitions. */
export function readList(
  query: URLSearchParams,
  name: string,
  rule: { readonly pattern: RegExp; readonly maxItems: number },
): string[] {
  const values = (query.get(name) ?? '').split(',');
  if (values.length > rule.maxItems) {
    throw badRequest(
      `Parameter "${name}" has ${values.length} values; at most ${rule.maxItems} can be asked for at once.`,
    );
  }
  const wrong = values.find((value) => !rule.pattern.test(value));
  if (wrong === undefined) return [...new Set(values)];
  throw badRequest(
    `Parameter "${name}" has "${wrong}", which does not match ${rule.pattern.source}.`,
  );
}
