import { bearerAuth, createServer, sessionAuth } from 'tailorbird';
import { describe, expect, it } from 'vitest';
import { mobile } from '../../../bff-mobile/bff.ts';
import { web } from '../../../bff-web/bff.ts';

const client = { clientId: 'bff', developmentSecret: 'a secret for development' };
const session = sessionAuth({ audience: 'urn:web', ...client });
const bearer = bearerAuth({ audience: 'urn:mobile', ...client });
const production = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_SECRET: 'from the provider',
  SESSION_SECRET: 'a secret of at least thirty-two characters',
  PUBLIC_URL: 'https://app.example.com',
};

function started(settings: Record<string, string>, environment: 'development' | 'production') {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  return createServer(web, { auth: session, settings, environment, logger });
}

describe('settings of identity', () => {
  it('have defaults in development', async () => {
    await started({}, 'development').close();
    await createServer(mobile, { auth: bearer, settings: {}, environment: 'development' }).close();
  });

  it('start in production when all are there', async () => {
    await started(production, 'production').close();
  });

  it('are all named when they are missing in production', () => {
    expect(() => started({}, 'production')).toThrow(
      /OIDC_CLIENT_SECRET .* is not set[^]*SESSION_SECRET .* is not set[^]*PUBLIC_URL .* is not set/,
    );
    expect(() =>
      createServer(mobile, { auth: bearer, settings: {}, environment: 'production' }),
    ).toThrow(/OIDC_CLIENT_SECRET .* is not set/);
  });

  it.each([
    ['SESSION_SECRET', 'short and secret', 'expected at least 32 characters'],
    [
      'SESSION_SECRET',
      'development only, and known to everybody who reads this',
      'expected a secret of your own',
    ],
    ['OIDC_ISSUER', 'http://login.example.com', 'expected https, or http on this machine'],
    ['OIDC_ISSUER', 'login.example.com', 'expected a URL with http or https'],
    ['OIDC_ISSUER', 'https://login.example.com/?x=1', 'expected nothing after the path'],
    ['PUBLIC_URL', 'http://app.example.com', 'expected https, or http on this machine'],
    ['REDIS_URL', 'http://127.0.0.1:6379', 'expected a URL with redis or rediss'],
  ])('are refused: %s as %j', (variable, value, message) => {
    const start = () => started({ ...production, [variable]: value }, 'production');
    expect(start).toThrow(variable);
    expect(start).toThrow(message);
  });

  it('keep secrets out of what they say', () => {
    expect(() =>
      started({ ...production, SESSION_SECRET: 'short and secret' }, 'production'),
    ).toThrow(/^(?![^]*short and secret)[^]*SESSION_SECRET/);
  });
});
