import { didYouMean } from '../nearest-name.ts';

/** The same error, for `t.derived is not a function` with the nearest of the names that `t` has. */
export function withNearestMethod(error: unknown, names: Iterable<string>): unknown {
  const [, name] =
    error instanceof TypeError ? (/^t\.(\w+) is not a function$/.exec(error.message) ?? []) : [];
  const hint = name === undefined ? '' : didYouMean(name, names);
  // Its stack has the line where it was called.
  if (hint !== '') (error as Error).message += `.${hint}`;
  return error;
}

/** What can be called on an object, of its prototypes too. */
export function* methodNames(prototype: object): Generator<string> {
  for (
    let level: object | null = prototype;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(level)) if (name !== 'constructor') yield name;
  }
}
