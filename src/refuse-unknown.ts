import { didYouMean } from './nearest-name.ts';

/**
 * An option that is misspelt would be without effect, so it stops the definition. `what` begins the
 * message: the place and the definition, such as `schemas/airports/index.ts:5: defineSubschema`.
 */
export function refuseUnknown(what: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new Error(
      `${what} has no option "${name}"; it has ${names.join(', ')}.${didYouMean(name, names)}`,
    );
  }
}

/** A value as messages echo it: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  const names = Object.keys(value).slice(0, 5).join(', ');
  return names === '' ? 'an empty object' : `an object with ${names}`;
}
