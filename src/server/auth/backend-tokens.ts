import { LRUCache } from 'lru-cache';
import { clientCredentialsGrant, genericGrantRequest } from 'openid-client';
import { BackendError } from '../../error.ts';
import { unavailable } from './auth.ts';
import { type IdentityProvider, isRefusal } from './identity-provider.ts';

/** Somebody on whose behalf a backend is called. */
export interface Subject {
  /** The same for the same subject with the same scopes; keys the cache. */
  readonly key: string;
  /** Their own access token, as fresh as it can be had. */
  readonly accessToken: () => string | Promise<string>;
}

/** Access tokens of the backends' own audiences. */
export interface BackendTokens {
  /**
   * A token for one backend: exchanged for the subject's own (RFC 8693), or by client credentials
   * when there is none. Kept until shortly before it expires, fetched once however many ask; given
   * up earlier when the backend has `refused` it, unless it is a few seconds old only.
   *
   * Fails: BackendError of `identity`: UNAUTHENTICATED when the subject's token is not taken any
   * more, FORBIDDEN when there is none for that audience, UPSTREAM_UNAVAILABLE otherwise.
   */
  tokenFor(subject: Subject | null, audience: string, refused?: string): string | Promise<string>;
}

export interface BackendTokensOptions {
  readonly provider: IdentityProvider;
  /** @default Date.now */
  readonly now?: () => number;
  /** Tokens kept. @default 10000 */
  readonly maxEntries?: number;
}

interface Kept {
  readonly token: string;
  readonly sinceMs: number;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
/** A token is renewed this long before its end, or when a fifth of its life is left. */
const renewBeforeMs = 30_000;
/** A backend that refuses a newer token than this would refuse the next one too. */
const trustMs = 5_000;

export function createBackendTokens(options: BackendTokensOptions): BackendTokens {
  const { provider, now = Date.now, maxEntries = 10_000 } = options;
  const kept = new LRUCache<string, Kept>({ max: maxEntries });
  const fetching = new Map<string, Promise<string>>();

  return {
    tokenFor(subject, audience, refused) {
      const key = `${audience} ${subject?.key ?? ''}`;
      const known = kept.get(key);
      const at = now();
      const distrusted = known?.token === refused && at - (known?.sinceMs ?? 0) >= trustMs;
      if (known && at < known.renewAtMs && !distrusted) return known.token;
      const fetched = fetching.get(key) ?? start(key, subject, audience);
      if (!known || at >= known.expiresAtMs || distrusted) return fetched;
      fetched.catch(() => {}); // the one we have is good for a while
      return known.token;
    },
  };

  function start(key: string, subject: Subject | null, audience: string): Promise<string> {
    const fetched = fetchToken(subject, audience)
      .then((entry) => {
        kept.set(key, entry);
        return entry.token;
      })
      .finally(() => fetching.delete(key));
    fetching.set(key, fetched);
    return fetched;
  }

  async function fetchToken(subject: Subject | null, audience: string): Promise<Kept> {
    const configuration = await provider.configuration();
    const subjectToken = await subject?.accessToken();
    try {
      // Providers differ in which of the two they read.
      const target = { resource: audience, audience };
      const answer =
        subjectToken === undefined
          ? await clientCredentialsGrant(configuration, target)
          : await genericGrantRequest(configuration, exchange, {
              ...target,
              subject_token: subjectToken,
              subject_token_type: accessTokenType,
              requested_token_type: accessTokenType,
            });
      const lifeMs = (answer.expiresIn() ?? 60) * 1_000;
      const sinceMs = now();
      const expiresAtMs = sinceMs + lifeMs;
      const renewAtMs = expiresAtMs - Math.min(renewBeforeMs, lifeMs / 5);
      return { token: answer.access_token, sinceMs, renewAtMs, expiresAtMs };
    } catch (error) {
      if (!isRefusal(error)) throw unavailable('identity', 'no token could be had', error);
      const expired = subject !== null && (error as { error?: unknown }).error === 'invalid_grant';
      throw new BackendError({
        code: expired ? 'UNAUTHENTICATED' : 'FORBIDDEN',
        backend: 'identity',
        message: `the provider refuses a token for ${audience}: ${String((error as { error?: unknown }).error ?? error)}`,
        cause: error,
      });
    }
  }
}
