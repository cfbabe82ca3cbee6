import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** A provider that publishes the keys it is told to, and signs whatever it is asked to. */
export interface Issuer {
  readonly url: string;
  /** Keys by algorithm: of the published set, and of somebody else. */
  readonly keys: ReadonlyMap<string, KeyPair>;
  readonly foreign: KeyPair;
  /** How often each path was asked. */
  readonly asked: Map<string, number>;
  /** What the key set answers now. */
  published: { status: number; keys: readonly JWK[] };
  close(): Promise<void>;
}

export interface KeyPair {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function keyPair(alg: string, kid = `key-${alg}`): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

export async function startIssuer(): Promise<Issuer> {
  const pairs = await Promise.all(
    ['RS256', 'PS256', 'ES256', 'EdDSA', 'RS512', 'ES384'].map((alg) => keyPair(alg)),
  );
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (path === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }));
    } else if (path === '/jwks') {
      response.writeHead(issuer.published.status);
      response.end(JSON.stringify({ keys: issuer.published.keys }));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    url,
    keys: new Map(pairs.map((pair) => [pair.alg, pair])),
    foreign: await keyPair('ES256', 'key-ES256'),
    asked,
    published: { status: 200, keys: pairs.map(({ publicJwk }) => publicJwk) },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return issuer;
}

export interface TokenChanges {
  readonly alg?: string;
  readonly key?: CryptoKey | Uint8Array;
  readonly header?: Record<string, unknown>;
  /** Claims in place of the usual ones; undefined leaves one out. */
  readonly claims?: JWTPayload;
}

/** A token that holds, but for the changes. Times in claims are seconds since 1970. */
export function tokenOf(issuer: Issuer, changes: TokenChanges = {}): Promise<string> {
  const { alg = 'ES256', header = {}, claims = {} } = changes;
  const pair = issuer.keys.get(alg);
  const now = Math.floor(Date.now() / 1_000);
  const payload = {
    iss: issuer.url,
    aud: 'urn:app',
    sub: 'ada',
    client_id: 'app',
    scope: 'a b',
    iat: now,
    exp: now + 300,
    ...claims,
  };
  const present = Object.fromEntries(
    Object.entries(payload).filter(([, value]) => value !== undefined),
  );
  const key = changes.key ?? pair?.privateKey;
  if (!key) throw new Error(`no key for ${alg}`);
  return new SignJWT(present)
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: pair?.kid ?? 'key-ES256', ...header })
    .sign(key);
}

/** A token with any header, however little sense it makes; `signature` is as given. */
export function rawToken(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}
