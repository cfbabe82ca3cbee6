import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { type Context, errors, type Provider, type ResourceServerInfo } from 'oidc-provider';
import { clientOf } from './clients.ts';

/** The type URI of access tokens, RFC 8693 section 3. */
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** How a token is marked that came of an exchange. */
export const exchangeType = 'token_exchange';

/** Parameters that an exchange reads. */
export const exchangeParameters = [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'resource',
  'audience',
  'scope',
] as const;

/**
 * RFC 8693: a viewer's access token for a BFF becomes one for a backend, on behalf of that viewer.
 *
 * The new token says who acts (`act`), allows no more than the old one, and does not outlive it. A
 * login that is over can't be exchanged.
 */
export function tokenExchangeGrant(
  provider: Provider,
  jwks: JSONWebKeySet,
  resourceServerInfo: (resource: string) => ResourceServerInfo,
): (context: Context) => Promise<void> {
  const keys = createLocalJWKSet(jwks);

  return async (context) => {
    const { client, params } = context.oidc;
    const known = clientOf(client.clientId);
    const resource = params['resource'] ?? params['audience'];
    if (!known?.exchanges || !resource || !known.backends.includes(resource)) {
      throw new errors.InvalidTarget('this client gets no tokens for that resource');
    }
    if (params['subject_token_type'] !== accessTokenType) {
      throw new errors.InvalidRequest(`subject_token_type must be ${accessTokenType}`);
    }

    const subject = await jwtVerify(params['subject_token'] ?? '', keys, {
      issuer: provider.issuer,
      audience: known.exchanges,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'exp', 'grant'],
    }).catch(() => {
      throw new errors.InvalidGrant('the subject token is not valid here');
    });
    const { sub = '', exp = 0, scope, grant } = subject.payload;
    if (!(await provider.Grant.find(String(grant)))) {
      throw new errors.InvalidGrant('the login that the subject token is from is over');
    }

    const info = resourceServerInfo(resource);
    const token = new provider.AccessToken({
      accountId: sub,
      client,
      grantId: grant,
      gty: exchangeType,
    });
    token.resourceServer = new provider.ResourceServer(resource, {
      ...info,
      accessTokenTTL: Math.max(
        1,
        Math.min(info.accessTokenTTL, exp - Math.floor(Date.now() / 1_000)),
      ),
    });
    token.scope = shared(String(scope ?? ''), info.scope, params['scope']);
    context.oidc.entity('AccessToken', token);

    const value = await token.save();
    context.body = {
      access_token: value,
      issued_token_type: accessTokenType,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    };
  };
}

/** Scopes that all of them have. */
function shared(owned: string, offered: string, wanted = offered): string {
  const [allowed, asked] = [owned.split(' '), wanted.split(' ')];
  return offered
    .split(' ')
    .filter((scope) => allowed.includes(scope) && asked.includes(scope))
    .join(' ');
}
