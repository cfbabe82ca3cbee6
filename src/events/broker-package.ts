import { createRequire } from 'node:module';

/**
 * Checks for the package that speaks to a broker: they are optional, so that nobody installs the
 * clients of five brokers. Fails: Error with the remedy.
 */
export function assertInstalled(variable: string, ...packages: readonly string[]): void {
  const { resolve } = createRequire(import.meta.url);
  const missing = packages.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  throw new Error(
    `${variable} is set, but ${missing.join(' and ')} is not installed; run npm install ${missing.join(' ')}`,
  );
}
