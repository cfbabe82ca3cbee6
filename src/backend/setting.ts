/** A value that the environment may decide. Inert: a server resolves it at boot. */
export interface Setting {
  readonly variable: string | null;
  readonly fallback: string | undefined;
  readonly expects: string;
}

/**
 * Names an environment variable. Nothing is read until `createServer` resolves every setting at
 * once and reports all missing or malformed ones together.
 */
export function env(variable: string, fallback?: string, expects = 'a URL'): Setting {
  return { variable, fallback, expects };
}

/** A setting that no variable decides, from a value written where a setting may stand. */
export function literal(value: Setting | string): Setting {
  return typeof value === 'string' ? { variable: null, fallback: value, expects: 'a URL' } : value;
}
