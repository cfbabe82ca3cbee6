import { bearerAuth } from 'tailorbird';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOrigins } from '../../../src/server/admission/origins.ts';
import type { Auth } from '../../../src/server/auth/auth.ts';
import { listLogger } from '../../support/stub-server.ts';
import { type Issuer, startIssuer, tokenOf } from './issuer.ts';

let issuer: Issuer;
let auth: Auth;

beforeAll(async () => {
  issuer = await startIssuer();
  auth = bearerAuth({ audience: 'urn:app', clientId: 'bff', developmentSecret: 'secret' }).create(
    { OIDC_ISSUER: new URL(issuer.url), OIDC_CLIENT_ID: 'bff', OIDC_CLIENT_SECRET: 'secret' },
    { environment: 'production', logger: listLogger([]), origins: createOrigins([]) },
  );
});
afterAll(() => Promise.all([auth.close(), issuer.close()]));

describe('the roles of a viewer', () => {
  it.each([
    [
      ['staff', 'pilot'],
      ['staff', 'pilot'],
    ],
    [undefined, []],
    ['staff', []],
    [[{ name: 'staff' }], []],
    [['staff', 1], []],
  ])(
    'are the claim %j of the access token where it is a list of names',
    async (roles, expected) => {
      const authorization = `Bearer ${await tokenOf(issuer, { claims: { roles } })}`;
      const viewer = await auth.viewer({ headers: new Headers({ authorization }) } as never);
      expect(viewer?.roles).toEqual(expected);
    },
  );
});
