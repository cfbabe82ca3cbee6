import * as client from 'openid-client';
import { createBrowser, submitLogin } from './browser.ts';

const callback = 'http://127.0.0.1:50123/callback';

/** Logs somebody in as the mobile app does: code + PKCE, no secret. */
export async function loginAsApp(
  issuer: string,
  account: string,
  scope = 'openid travellers.read travellers.write bookings.read bookings.write',
) {
  const config = await client.discovery(new URL(issuer), 'mobile', undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  });
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope,
    resource: 'urn:tailorbird:mobile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const browser = createBrowser();
  const page = await browser.visit(url.href);
  const back = await submitLogin(browser, page.url, account, (to) => to.pathname === '/callback');
  const tokens = await client.authorizationCodeGrant(config, new URL(back.url), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  return { config, tokens, page: await page.response.text(), callbackUrl: back.url };
}
