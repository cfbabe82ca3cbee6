import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

/** Who calls a service, as their access token says. */
export interface CallerIdentity {
  /** The traveller on whose behalf the call is; null when a client calls for itself. */
  readonly traveller: string | null;
  readonly scopes: readonly string[];
}

/** Why a call is refused before it is looked at. */
export class AccessRefused extends Error {
  override readonly name = 'AccessRefused';
  readonly reason: 'no token' | 'invalid token' | 'no keys';

  constructor(reason: AccessRefused['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Who the bearer of an `Authorization` value is. Fails with `AccessRefused`. */
export type CheckAccess = (authorization: string | undefined) => Promise<CallerIdentity>;

/**
 * Checks access tokens of `issuer` for one audience. Keys are fetched when first needed, so that the
 * service may start before the provider does.
 */
export function createAccessCheck(issuer: string, audience: string): CheckAccess {
  const jwks = createRemoteJWKSet(new URL('/jwks', issuer), {
    timeoutDuration: 1_000,
    cooldownDuration: 1_000,
  });
  return async (authorization) => {
    const token = authorization?.match(/^Bearer +(\S+)$/i)?.[1];
    if (token === undefined) throw new AccessRefused('no token', 'Send an access token.');
    try {
      const { payload } = await jwtVerify(token, jwks, {
        issuer,
        audience,
        typ: 'at+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['sub', 'exp', 'client_id'],
      });
      return {
        traveller: payload.sub === payload['client_id'] ? null : String(payload.sub),
        scopes: typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [],
      };
    } catch (error) {
      if (error instanceof errors.JOSEError && error.code !== 'ERR_JWKS_TIMEOUT') {
        throw new AccessRefused('invalid token', `The access token is not one for ${audience}.`);
      }
      throw new AccessRefused('no keys', 'The identity provider does not answer.');
    }
  };
}

/** Whether a caller may see or change what belongs to a traveller; clients may read everything. */
export function mayAccess(
  caller: CallerIdentity | null,
  travellerId: string,
  scope: string,
): boolean {
  if (caller === null) return true;
  if (caller.traveller === null) return scope.endsWith('.read');
  return caller.traveller === travellerId && caller.scopes.includes(scope);
}
