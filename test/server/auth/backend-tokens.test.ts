import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startIdentity } from '../../../sandbox/identity/identity.ts';
import type { RunningService } from '../../../sandbox/service/service.ts';
import { createBackendTokens, type Subject } from '../../../src/server/auth/backend-tokens.ts';
import { createIdentityProvider } from '../../../src/server/auth/identity-provider.ts';
import { loginAsApp } from '../../support/app.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';

const dir = tempDir();
let identity: RunningService;
let ada: Subject;
let now: number;

beforeAll(async () => {
  identity = await startIdentity({ dataDir: dir.path });
  ada = await subject('ada');
});

afterAll(async () => {
  await identity.close();
  dir[Symbol.dispose]();
});

beforeEach(() => {
  now = Date.now();
  identity.calls.clear();
});

async function subject(account: string): Promise<Subject> {
  const { tokens } = await loginAsApp(identity.url, account);
  return { key: account, accessToken: () => tokens.access_token };
}

const provider = (clientSecret = 'sandbox-mobile-secret') =>
  createIdentityProvider({ issuer: new URL(identity.url), clientId: 'bff-mobile', clientSecret });
const tokens = (options = {}) =>
  createBackendTokens({ provider: provider(), now: () => now, ...options });
const asked = () => {
  const counts = identity.calls.counts();
  return {
    exchanged: counts['POST /token urn:ietf:params:oauth:grant-type:token-exchange'] ?? 0,
    own: counts['POST /token client_credentials'] ?? 0,
  };
};

describe('tokens for backends', () => {
  it('are of each backend’s own audience, and of each subject', async () => {
    const all = tokens();
    const grace = await subject('grace');
    const claims = await Promise.all(
      [
        all.tokenFor(ada, 'urn:travellers'),
        all.tokenFor(ada, 'urn:bookings'),
        all.tokenFor(grace, 'urn:bookings'),
        all.tokenFor(null, 'urn:bookings'),
      ].map(async (token) => decodeJwt(await token)),
    );
    expect(claims).toMatchObject([
      { sub: 'ada', aud: 'urn:travellers', scope: 'travellers.read travellers.write' },
      { sub: 'ada', aud: 'urn:bookings', scope: 'bookings.read bookings.write' },
      { sub: 'grace', aud: 'urn:bookings' },
      { sub: 'bff-mobile', aud: 'urn:bookings' },
    ]);
    expect(asked()).toEqual({ exchanged: 3, own: 1 });
  });

  it('are fetched once for 20 who ask, and then at hand', async () => {
    const all = tokens();
    const asking = Array.from({ length: 20 }, () => all.tokenFor(ada, 'urn:bookings'));
    const [first] = await Promise.all(asking);
    expect(all.tokenFor(ada, 'urn:bookings')).toBe(first);
    expect(asked()).toEqual({ exchanged: 1, own: 0 });
  });

  it('are renewed before they expire, while the old one is still used', async () => {
    const all = tokens();
    const first = await all.tokenFor(null, 'urn:bookings');
    now += 271_000; // 29 s before its end
    expect(all.tokenFor(null, 'urn:bookings')).toBe(first);
    await expect.poll(() => all.tokenFor(null, 'urn:bookings')).not.toBe(first);
    expect(asked().own).toBe(2);
  });

  it('are never used when they have expired', async () => {
    const all = tokens();
    const first = await all.tokenFor(null, 'urn:bookings');
    now += 300_000;
    expect(await all.tokenFor(null, 'urn:bookings')).not.toBe(first);
  });

  it('are replaced when a backend refuses them, unless they are new', async () => {
    const all = tokens();
    const first = await all.tokenFor(null, 'urn:bookings');
    expect(all.tokenFor(null, 'urn:bookings', first)).toBe(first);
    now += 5_000;
    expect(all.tokenFor(null, 'urn:bookings', 'an older one')).toBe(first);
    const next = await all.tokenFor(null, 'urn:bookings', first);
    expect(next).not.toBe(first);
    expect(all.tokenFor(null, 'urn:bookings', first)).toBe(next);
  });

  it('are kept up to a number', async () => {
    const all = tokens({ maxEntries: 1 });
    await all.tokenFor(null, 'urn:bookings');
    await all.tokenFor(null, 'urn:travellers');
    await all.tokenFor(null, 'urn:bookings');
    expect(asked().own).toBe(3);
  });

  it.each([
    ['an audience that is none of ours', () => tokens().tokenFor(ada, 'urn:other'), 'FORBIDDEN'],
    [
      'a subject whose login is over',
      () => tokens().tokenFor({ key: 'x', accessToken: () => 'over' }, 'urn:bookings'),
      'UNAUTHENTICATED',
    ],
    [
      'a client that has another secret',
      () => tokens({ provider: provider('wrong') }).tokenFor(ada, 'urn:bookings'),
      'FORBIDDEN',
    ],
    [
      'a provider that is not there',
      () =>
        tokens({
          provider: createIdentityProvider({
            issuer: new URL('http://127.0.0.1:1'),
            clientId: 'x',
            clientSecret: 'x',
          }),
        }).tokenFor(ada, 'urn:bookings'),
      'UPSTREAM_UNAVAILABLE',
    ],
  ])('are refused to %s', async (_case, fetch, code) => {
    await expect(fetch()).rejects.toMatchObject({ code, backend: 'identity' });
  });
});
