import * as client from 'openid-client';
import { createBrowser, submitLogin } from './browser.ts';

const allScopes = 'openid travellers.read travellers.write bookings.read bookings.write';

/** Logs somebody in as the mobile app does: code + PKCE, no secret. */
export function loginAsApp(issuer: string, account: string, scope = allScopes) {
  return login(issuer, account, scope, {
    id: 'mobile',
    authentication: client.None(),
    callback: 'http://127.0.0.1:50123/callback',
    resource: 'urn:tailorbird:mobile',
  });
}

/** Logs somebody in as the web BFF does, without it. */
export function loginAsWeb(issuer: string, account: string) {
  return login(issuer, account, allScopes, {
    id: 'bff-web',
    authentication: client.ClientSecretBasic('sandbox-web-secret'),
    callback: 'http://127.0.0.1:50123/auth/callback',
    resource: 'urn:tailorbird:web',
  });
}

interface Client {
  readonly id: string;
  readonly authentication: client.ClientAuth;
  readonly callback: string;
  readonly resource: string;
}

async function login(
  issuer: string,
  account: string,
  scope: string,
  { id, authentication, callback, resource }: Client,
) {
  const config = await client.discovery(new URL(issuer), id, undefined, authentication, {
    execute: [client.allowInsecureRequests],
  });
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope,
    resource,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const browser = createBrowser();
  const page = await browser.visit(url.href);
  const back = await submitLogin(browser, page.url, account, (to) => to.port === '50123');
  const tokens = await client.authorizationCodeGrant(config, new URL(back.url), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  return { config, tokens, page: await page.response.text(), callbackUrl: back.url };
}
