import { refuseUnknown, shown } from '../refuse-unknown.ts';

const optionNames = ['name', 'endpoints', 'policy', 'headers', 'auth'];

/**
 * Checks what a backend is defined with, beside its policy: `at` is the place and the function.
 *
 * Fails: Error with the nearest name for an option that there is not, or the rule and the value.
 */
export function checkDefinition(at: string, options: object, further: readonly string[]): void {
  refuseUnknown(at, options, [...optionNames, ...further]);
  const { name, endpoints } = options as { readonly name?: unknown; readonly endpoints?: unknown };
  if (typeof name !== 'string' || name === '') {
    throw new Error(`${at}: name must be the service's, but got: ${shown(name)}`);
  }
  const isSetting = typeof endpoints === 'object' && endpoints !== null && 'fallback' in endpoints;
  if (typeof endpoints === 'string' || isSetting) return;
  throw new Error(
    `${at}: endpoints must be a URL, or env('…_URL', 'http://…'), but got: ${shown(endpoints)}`,
  );
}
