import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';
import type { Environment } from '../mask.ts';

/** Which client of the OpenID provider a bff is. */
export interface ClientOptions {
  /** Default of OIDC_CLIENT_ID. */
  readonly clientId: string;
  /** Default of OIDC_ISSUER. @default 'http://127.0.0.1:4105' */
  readonly issuer?: string;
  /** Default of OIDC_CLIENT_SECRET outside production, where there is none. */
  readonly developmentSecret: string;
}

/** OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET. */
export function clientSettings(
  { clientId, issuer = 'http://127.0.0.1:4105', developmentSecret }: ClientOptions,
  environment: Environment,
) {
  return {
    OIDC_ISSUER: {
      setting: env('OIDC_ISSUER', issuer),
      purpose: 'the OpenID provider',
      example: 'https://login.example.com',
      read: readIssuer,
    },
    OIDC_CLIENT_ID: {
      setting: env('OIDC_CLIENT_ID', clientId, 'a client id'),
      purpose: 'this BFF at the provider',
      example: clientId,
      read: (text: string) => text,
    },
    OIDC_CLIENT_SECRET: {
      setting: env(
        'OIDC_CLIENT_SECRET',
        environment === 'production' ? undefined : developmentSecret,
        'a secret',
      ),
      purpose: 'this BFF’s secret at the provider',
      example: 'what the provider gave you',
      secret: true,
      read: (text: string) => text,
    },
  } as const satisfies Record<string, SettingUse<unknown>>;
}

const developmentSessionSecret = 'development only, and known to everybody who reads this';

/** SESSION_SECRET, REDIS_URL and PUBLIC_URL. */
export function sessionSettings(environment: Environment) {
  const production = environment === 'production';
  return {
    SESSION_SECRET: {
      setting: env('SESSION_SECRET', production ? undefined : developmentSessionSecret, 'a secret'),
      purpose: 'what sessions are encrypted with',
      example: 'the output of: openssl rand -base64 32',
      secret: true,
      read(text: string) {
        if (text.length < 32) throw new Malformed('expected at least 32 characters');
        if (production && text === developmentSessionSecret) {
          throw new Malformed('expected a secret of your own');
        }
        return text;
      },
    },
    REDIS_URL: {
      setting: env('REDIS_URL', '', 'a URL'),
      purpose: 'where sessions are kept; in this process’s memory when unset',
      example: 'redis://127.0.0.1:6379',
      read: (text: string) => (text === '' ? null : readUrl(text, ['redis:', 'rediss:'])),
    },
    PUBLIC_URL: {
      setting: env('PUBLIC_URL', production ? undefined : '', 'a URL'),
      purpose: 'where browsers reach this BFF; required in production',
      example: 'https://app.example.com',
      read: (text: string) => (text === '' ? null : readSecureUrl(text).origin),
    },
  } as const satisfies Record<string, SettingUse<unknown>>;
}

function readIssuer(text: string): URL {
  const url = readSecureUrl(text);
  if (url.search !== '' || url.hash !== '') throw new Malformed('expected nothing after the path');
  return url;
}

/** Secrets and tokens go there: plain HTTP never leaves this machine. */
function readSecureUrl(text: string): URL {
  const url = readUrl(text, ['http:', 'https:']);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return url;
  throw new Malformed('expected https, or http on this machine');
}

function readUrl(text: string, schemes: readonly string[]): URL {
  const url = URL.parse(text);
  if (url && schemes.includes(url.protocol) && url.hostname !== '') return url;
  throw new Malformed(`expected a URL with ${schemes.map((one) => one.slice(0, -1)).join(' or ')}`);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** What `resolveSettings` gives for a set of uses. */
export type ValuesOf<Uses extends Record<string, SettingUse<unknown>>> = {
  readonly [Name in keyof Uses]: Uses[Name] extends SettingUse<infer Value> ? Value : never;
};
