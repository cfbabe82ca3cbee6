import type { ClientRule } from '../../bff/define-bff.ts';
import type { ClientIdentity } from '../../request.ts';

/** Which apps a bff knows, by the name that they send in `graphql-client-name`. */
export type ClientRules = Readonly<Record<string, ClientRule>>;

/** Whether an app is too old to be answered. */
export type ClientGate = (client: ClientIdentity) => boolean;

/**
 * Turns away apps below their minimum, and those that have one but send no version. Apps that are
 * not listed, and requests that name none, pass.
 *
 * Fails: Error for a minimum that is no version.
 */
export function createClientGate(rules: ClientRules): ClientGate {
  const minimums = new Map<string, Version>();
  for (const [name, { minimum }] of Object.entries(rules)) {
    const version = readVersion(minimum);
    if (!version) {
      throw new Error(
        `clients["${name}"].minimum is "${minimum}"; it must be a version such as 2.3.0`,
      );
    }
    minimums.set(name, version);
  }
  return ({ name, version }) => {
    const minimum = name === null ? undefined : minimums.get(name);
    if (!minimum) return false;
    const given = version === null ? null : readVersion(version);
    return given === null || isBelow(given, minimum);
  };
}

interface Version {
  readonly numbers: readonly number[];
  /** `2.3.0-beta.1` comes before `2.3.0`. */
  readonly isPreview: boolean;
}

/** `2`, `2.3`, `2.3.0`, `v2.3.0`, `2.3.0-beta.1`, `2.3.0+417`. */
function readVersion(text: string): Version | null {
  const match = /^v?(\d{1,9}(?:\.\d{1,9}){0,3})(-[\w.-]+)?(?:\+[\w.-]+)?$/.exec(text);
  if (!match?.[1]) return null;
  return { numbers: match[1].split('.').map(Number), isPreview: match[2] !== undefined };
}

function isBelow(version: Version, minimum: Version): boolean {
  for (let place = 0; place < 4; place += 1) {
    const difference = (version.numbers[place] ?? 0) - (minimum.numbers[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return version.isPreview && !minimum.isPreview;
}
