import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startIdentity } from '../../sandbox/identity/identity.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { loginAsApp } from '../support/app.ts';
import { createBrowser } from '../support/browser.ts';
import { tempDir } from './temp-dir.ts';

const dir = tempDir();
const said: unknown[] = [];
let identity: RunningService;

beforeAll(async () => {
  for (const method of ['info', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((...parts) => void said.push(parts));
  }
  identity = await startIdentity({ dataDir: dir.path });
});

afterAll(async () => {
  await identity.close();
  dir[Symbol.dispose]();
  vi.restoreAllMocks();
});

const callback = 'http://127.0.0.1:50123/callback';
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';

const configured = (id: string, secret?: string) =>
  client.discovery(
    new URL(identity.url),
    id,
    undefined,
    secret === undefined ? client.None() : client.ClientSecretBasic(secret),
    { execute: [client.allowInsecureRequests] },
  );
const bffMobile = () => configured('bff-mobile', 'sandbox-mobile-secret');

const login = (account: string, scope = 'openid profile travellers.read bookings.read') =>
  loginAsApp(identity.url, account, scope);

const exchanged = async (subjectToken: string, parameters: Record<string, string> = {}) =>
  client.genericGrantRequest(await bffMobile(), exchange, {
    subject_token: subjectToken,
    subject_token_type: accessToken,
    resource: 'urn:travellers',
    ...parameters,
  });

const refusal = (error: string) => ({ error });

describe('a login', () => {
  it('gives an access token of the app’s API, as RFC 9068 has it', async () => {
    const { tokens, page } = await login('grace');
    expect(page).toContain("Everybody's password is <code>sandbox</code>");
    expect(tokens.claims()).toMatchObject({ sub: 'grace', name: 'Grace Hopper' });
    const jwks = createRemoteJWKSet(new URL(`${identity.url}/jwks`));
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, jwks, {
      issuer: identity.url,
      audience: 'urn:tailorbird:mobile',
      typ: 'at+jwt',
    });
    expect(protectedHeader.alg).toBe('ES256');
    expect(payload).toMatchObject({
      sub: 'grace',
      client_id: 'mobile',
      scope: 'travellers.read bookings.read',
    });
    expect(payload.exp! - payload.iat!).toBe(300);
  });

  it('asks again after a wrong password', async () => {
    const config = await configured('mobile');
    const browser = createBrowser();
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const page = await browser.visit(url.href);
    const body = new URLSearchParams({ account: 'ada', password: 'guess' });
    const answer = await browser.send(page.url, { method: 'POST', body });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain('That is not the right password.');
  });

  it.each([
    ['no PKCE', { code_challenge: undefined }],
    ['another place to return to', { redirect_uri: 'http://evil.example/callback' }],
    ['an API of another client', { resource: 'urn:travellers' }],
  ])('is refused with %s', async (_case, changes: Record<string, string | undefined>) => {
    const parameters = Object.entries({
      client_id: 'mobile',
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      ...changes,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const { response, url } = await createBrowser().visit(
      `${identity.url}/auth?${new URLSearchParams(parameters)}`,
      undefined,
      ({ pathname }) => pathname === '/callback',
    );
    const error = new URL(url).searchParams.get('error');
    expect(error ?? response.status).toSatisfy((seen) => seen === 400 || typeof seen === 'string');
  });

  it('gives a code that works once', async () => {
    const { config, callbackUrl } = await login('ada');
    await expect(
      client.authorizationCodeGrant(config, new URL(callbackUrl), {
        pkceCodeVerifier: client.randomPKCECodeVerifier(),
        expectedState: new URL(callbackUrl).searchParams.get('state')!,
      }),
    ).rejects.toMatchObject(refusal('invalid_grant'));
  });

  it('is renewed with refresh tokens that rotate', async () => {
    const { config, tokens } = await login('ada');
    const next = await client.refreshTokenGrant(config, tokens.refresh_token!);
    expect(decodeJwt(next.access_token)).toMatchObject({
      sub: 'ada',
      aud: 'urn:tailorbird:mobile',
    });
    await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject(
      refusal('invalid_grant'),
    );
  });
});

describe('a BFF', () => {
  it('gets a token for a backend in its own name', async () => {
    const tokens = await client.clientCredentialsGrant(await bffMobile(), {
      resource: 'urn:bookings',
    });
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      sub: 'bff-mobile',
      aud: 'urn:bookings',
    });
  });

  it('exchanges a viewer’s token for one of a backend, with no more scope and no longer life', async () => {
    const { tokens } = await login('amelia');
    const answer = await exchanged(tokens.access_token);
    const before = decodeJwt(tokens.access_token);
    const after = decodeJwt(answer.access_token);
    expect(after).toMatchObject({
      sub: 'amelia',
      aud: 'urn:travellers',
      client_id: 'bff-mobile',
      act: { sub: 'bff-mobile' },
      scope: 'travellers.read',
    });
    expect(after.exp!).toBeLessThanOrEqual(before.exp!);
    expect(answer['issued_token_type']).toBe(accessToken);
  });

  it.each([
    ['a token that is none', 'nonsense', {}, 'invalid_grant'],
    ['an API that it does not call', null, { resource: 'urn:tailorbird:web' }, 'invalid_target'],
    ['another kind of token', null, { subject_token_type: 'x' }, 'invalid_request'],
  ])('is refused an exchange of %s', async (_case, token, parameters, error) => {
    const subject = token ?? (await login('ada')).tokens.access_token;
    await expect(exchanged(subject, parameters)).rejects.toMatchObject(refusal(error));
  });

  it('is refused an exchange of a token that is not for it', async () => {
    const { tokens } = await login('ada');
    const { access_token: once } = await exchanged(tokens.access_token);
    await expect(exchanged(once)).rejects.toMatchObject(refusal('invalid_grant'));
  });

  it('can exchange nothing of a login that was revoked', async () => {
    const { config, tokens } = await login('ada');
    await client.tokenRevocation(config, tokens.refresh_token!);
    await expect(exchanged(tokens.access_token)).rejects.toMatchObject(refusal('invalid_grant'));
  });

  it.each([
    ['a wrong secret', 'guess'],
    ['no secret', undefined],
  ])('is refused with %s', async (_case, secret) => {
    const config = await configured('bff-mobile', secret);
    await expect(
      client.clientCredentialsGrant(config, { resource: 'urn:bookings' }),
    ).rejects.toMatchObject({ status: 401 });
  });
});

it('counts token requests by their grant', async () => {
  identity.calls.clear();
  await client.clientCredentialsGrant(await bffMobile(), { resource: 'urn:bookings' });
  expect(identity.calls.counts()).toEqual({
    'GET /.well-known': 1,
    'POST /token client_credentials': 1,
  });
});

it('keeps its keys and logins when it is started again', async () => {
  const { tokens } = await login('grace');
  const port = Number(new URL(identity.url).port);
  const keys = await (await fetch(`${identity.url}/jwks`)).text();
  await identity.close();
  identity = await startIdentity({ dataDir: dir.path, port, accessTokenSeconds: 7 });
  // Connections kept from before are gone; whoever notices late fails once.
  await expect.poll(() => fetch(`${identity.url}/jwks`).then((answer) => answer.text())).toBe(keys);
  const next = await client.refreshTokenGrant(await configured('mobile'), tokens.refresh_token!);
  const { exp, iat } = decodeJwt(next.access_token);
  expect(exp! - iat!).toBe(7);
});

it('has nothing to complain about', () => {
  expect(said).toEqual([]);
});
