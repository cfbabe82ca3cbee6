import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAccessTokens } from '../../../src/server/auth/access-token.ts';
import { createJwks, type Jwks } from '../../../src/server/auth/jwks.ts';
import { type Issuer, keyPair, startIssuer, tokenOf } from './issuer.ts';

let issuer: Issuer;
let now: number;
let jwks: Jwks;
let verify: ReturnType<typeof createAccessTokens>;

beforeEach(async () => {
  issuer = await startIssuer();
  now = Date.now();
  jwks = createJwks({ url: async () => `${issuer.url}/jwks`, now: () => now });
  verify = createAccessTokens({ issuer: issuer.url, audience: 'urn:app', jwks });
});

afterEach(() => issuer.close());

const minute = 60_000;
const hour = 60 * minute;
const asked = () => issuer.asked.get('/jwks') ?? 0;
/** Each call a new token, so that nothing is remembered of the one before. */
const checked = async (header = {}) => {
  const jti = Math.random().toString(36);
  return verify(await tokenOf(issuer, { header, claims: { jti } })).then(
    () => 'holds',
    (error: { extensions?: { code?: string }; code?: string }) =>
      error.extensions?.code ?? error.code,
  );
};

describe('the keys of a provider', () => {
  it('are fetched when first needed, once for all who ask', async () => {
    expect(asked()).toBe(0);
    expect(await Promise.all(Array.from({ length: 20 }, () => checked()))).toEqual(
      Array(20).fill('holds'),
    );
    expect(asked()).toBe(1);
  });

  it('are fresh for 10 minutes', async () => {
    await checked();
    now += 10 * minute - 1;
    await checked();
    expect(asked()).toBe(1);
    now += 1;
    await checked();
    expect(asked()).toBe(2);
  });

  it('hold for 24 hours when the provider does not answer, which is asked every 30 s', async () => {
    await checked();
    issuer.published = { status: 500, keys: [] };
    now += 11 * minute;
    expect(await checked()).toBe('holds');
    expect(await checked()).toBe('holds');
    expect(asked()).toBe(2);
    now += 30_000;
    expect(await checked()).toBe('holds');
    expect(asked()).toBe(3);
    now += 24 * hour;
    expect(await checked()).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('are fetched again for an unknown id, at most every 30 s', async () => {
    await checked();
    expect(await checked({ kid: 'unknown' })).toBe('UNAUTHENTICATED');
    expect(asked()).toBe(1);
    now += 30_000;
    for (const kid of ['a', 'b', 'c', 'd']) expect(await checked({ kid })).toBe('UNAUTHENTICATED');
    expect(asked()).toBe(2);
  });

  it('are known after they were changed', async () => {
    await checked();
    const next = await keyPair('ES256', 'next');
    issuer.published = { status: 200, keys: [next.publicJwk] };
    now += 30_000;
    const token = await tokenOf(issuer, { key: next.privateKey, header: { kid: 'next' } });
    expect((await verify(token)).viewer.subject).toBe('ada');
    expect(await checked()).toBe('UNAUTHENTICATED'); // the old one was withdrawn
  });

  it('end what was remembered of a token when its key is withdrawn', async () => {
    const token = await tokenOf(issuer);
    await verify(token);
    const next = await keyPair('ES256', 'next');
    issuer.published = { status: 200, keys: [next.publicJwk] };
    now += 10 * minute;
    await checked({ kid: 'next' });
    await expect(verify(token)).rejects.toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  });

  it('are waited for a second between attempts while there are none', async () => {
    const { published } = issuer;
    issuer.published = { status: 503, keys: [] };
    expect(await checked()).toBe('UPSTREAM_UNAVAILABLE');
    expect(await checked()).toBe('UPSTREAM_UNAVAILABLE');
    expect(asked()).toBe(1);
    issuer.published = published;
    now += 1_000;
    expect(await checked()).toBe('holds');
  });

  it.each([
    ['no set', []],
    ['a shared secret', [{ kty: 'oct', k: 'AAAA', kid: 'key-ES256', alg: 'HS256' }]],
    ['keys that encrypt', [{ kty: 'RSA', use: 'enc', n: 'AAAA', e: 'AQAB' }]],
    ['a private key', [{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', d: 'AAAA' }]],
  ])('are none in %s', async (_case, keys) => {
    issuer.published = { status: 200, keys };
    expect(await checked()).toBe('UPSTREAM_UNAVAILABLE');
  });
});
