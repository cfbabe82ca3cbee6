import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { isBackendError } from '../../error.ts';
import type { Viewer } from '../../request.ts';
import { unauthenticated } from './auth.ts';
import type { Jwks } from './jwks.ts';
import { rolesIn } from './roles.ts';

export interface AccessTokenOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: Jwks;
  /** @default Date.now */
  readonly now?: () => number;
}

/** An access token that holds. */
export interface VerifiedToken {
  /** The same object for the same token, as long as it is remembered. */
  readonly viewer: Viewer;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Algorithms that may have signed a token: none that shares a secret. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** How far clocks may be apart. */
export const skewMs = 30_000;
const lengthLimit = 8 * 1024;
const rememberMs = 60_000;
/** All remembered tokens together, in characters. */
const rememberAtMost = 4 * 1024 * 1024;

/**
 * Checks access tokens as RFC 9068 has them: type, signature, issuer, audience and times, with a
 * skew of 30 s. Keys come from the provider alone: `jku`, `x5u`, `x5c` and `jwk` of a header are
 * never looked at, and `crit` is refused. What holds is remembered for a minute.
 *
 * Fails: GraphQLError UNAUTHENTICATED; BackendError UPSTREAM_UNAVAILABLE when there are no keys.
 */
export function createAccessTokens(
  options: AccessTokenOptions,
): (token: string) => Promise<VerifiedToken> {
  const { issuer, audience, jwks, now = Date.now } = options;
  const remembered = new LRUCache<string, VerifiedToken & { generation: number; sinceMs: number }>({
    maxSize: rememberAtMost,
    sizeCalculation: (_verified, token) => token.length,
  });

  return async (token) => {
    const known = remembered.get(token);
    if (known && holdsStill(known)) return known;
    remembered.delete(token);
    try {
      const verified = await verify(token);
      remembered.set(token, { ...verified, generation: jwks.generation(), sinceMs: now() });
      return verified;
    } catch (error) {
      if (isBackendError(error)) throw error;
      throw unauthenticated(
        error instanceof errors.JWTExpired
          ? 'The access token has expired.'
          : 'The access token is not valid here.',
      );
    }
  };

  function holdsStill(known: { generation: number; sinceMs: number; expiresAtMs: number }) {
    const at = now();
    return (
      known.generation === jwks.generation() &&
      at - known.sinceMs < rememberMs &&
      at < known.expiresAtMs + skewMs
    );
  }

  async function verify(token: string): Promise<VerifiedToken> {
    if (token.length > lengthLimit) throw new Error('too long');
    if ('crit' in decodeProtectedHeader(token)) throw new Error('critical headers');
    const { payload } = await jwtVerify(token, jwks.keyFor, {
      issuer,
      audience,
      algorithms,
      typ: 'at+jwt',
      clockTolerance: skewMs / 1_000,
      currentDate: new Date(now()),
      requiredClaims: ['sub', 'exp', 'iat', 'client_id'],
    });
    const { sub, aud, exp = 0, iat = 0, scope } = payload;
    if (!sub || sub.length > 256) throw new Error('no subject');
    if (Array.isArray(aud) && aud.length > 1) throw new Error('more than one audience');
    if (iat * 1_000 > now() + skewMs) throw new Error('issued in the future');
    const scopes = typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : [];
    const viewer = { subject: sub, scopes, roles: rolesIn(payload) };
    return { viewer, token, expiresAtMs: exp * 1_000 };
  }
}
