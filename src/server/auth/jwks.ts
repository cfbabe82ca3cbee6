import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from 'jose';
import { unavailable } from './auth.ts';

export interface JwksOptions {
  /** Where the keys are; asked each time they are fetched. */
  readonly url: () => Promise<string>;
  /** @default Date.now */
  readonly now?: () => number;
}

/** The keys that a provider signs with. */
export interface Jwks {
  /**
   * The key of a token's header.
   *
   * Fails: JOSEError when there is none; BackendError UPSTREAM_UNAVAILABLE of `identity` when there
   * are no keys to look in.
   */
  readonly keyFor: JWTVerifyGetKey;
  /** Changes whenever the keys do. */
  generation(): number;
}

const freshMs = 10 * 60_000;
const staleMs = 24 * 60 * 60_000;
/** Least time between two fetches while there are keys, whatever a token claims. */
const refetchMs = 30_000;
/** The same while there are none. */
const firstRetryMs = 1_000;
const timeoutMs = 2_000;
const bodyLimitBytes = 64 * 1024;

interface Keys {
  readonly find: JWTVerifyGetKey;
  readonly text: string;
  readonly fetchedAtMs: number;
}

/**
 * A provider's keys: fresh for 10 minutes, good for 24 hours when it does not answer; an unknown
 * `kid` has them fetched again, at most every 30 s. Only the provider's own address is ever asked.
 */
export function createJwks({ url, now = Date.now }: JwksOptions): Jwks {
  let keys: Keys | undefined;
  let generation = 0;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<Keys> | undefined;

  return {
    generation: () => generation,
    async keyFor(header, token) {
      const current = await usable();
      try {
        return await current.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || now() - triedAtMs < refetchMs) {
          throw error;
        }
        const next = await refetch().catch(() => current);
        return next.find(header, token);
      }
    },
  };

  async function usable(): Promise<Keys> {
    const ageMs = keys ? now() - keys.fetchedAtMs : Number.POSITIVE_INFINITY;
    if (keys && ageMs < freshMs) return keys;
    const kept = ageMs < staleMs ? keys : undefined;
    if (!fetching && now() - triedAtMs < (kept ? refetchMs : firstRetryMs)) {
      if (kept) return kept;
      throw unavailable('identity', 'there are no keys', 'they were asked for a moment ago');
    }
    try {
      return await refetch();
    } catch (error) {
      if (kept) return kept;
      throw unavailable('identity', 'the keys can’t be fetched', error);
    }
  }

  function refetch(): Promise<Keys> {
    triedAtMs = now();
    fetching ??= fetchKeys().finally(() => (fetching = undefined));
    return fetching;
  }

  async function fetchKeys(): Promise<Keys> {
    const response = await fetch(await url(), {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const text = await response.text();
    if (text.length > bodyLimitBytes) throw new Error(`it has more than ${bodyLimitBytes} bytes`);
    const body = JSON.parse(text) as { readonly keys?: unknown };
    const list = (Array.isArray(body.keys) ? body.keys : []).filter(isPublicKey);
    if (list.length === 0) throw new Error('it has no key that could check a signature');
    if (text !== keys?.text) generation += 1;
    keys = { find: createLocalJWKSet({ keys: list }), text, fetchedAtMs: now() };
    return keys;
  }
}

/** Shared secrets and private keys have no place in a published set, and are not used. */
function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, use, d } = key as JWK;
  return ['RSA', 'EC', 'OKP'].includes(String(kty)) && use !== 'enc' && d === undefined;
}
