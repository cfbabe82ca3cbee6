import { once } from 'node:events';
import { createHmac } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { exportSPKI, importJWK } from 'jose';
import { bearerAuth } from 'tailorbird';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createOrigins } from '../../../src/server/admission/origins.ts';
import { listLogger, type StubServer, stubServer } from '../../support/stub-server.ts';
import { type Issuer, rawToken, startIssuer, tokenOf } from './issuer.ts';

let issuer: Issuer;
let server: StubServer;
let url: string;
/** Addresses that a header points at; nobody may ask there. */
let trap: Issuer;

beforeAll(async () => {
  [issuer, trap] = await Promise.all([startIssuer(), startIssuer()]);
  const auth = bearerAuth({ audience: 'urn:app', clientId: 'bff', developmentSecret: 'secret' });
  server = stubServer({
    auth: auth.create(
      { OIDC_ISSUER: new URL(issuer.url), OIDC_CLIENT_ID: 'bff', OIDC_CLIENT_SECRET: 'secret' },
      { environment: 'production', logger: listLogger([]), origins: createOrigins([]) },
    ),
  });
  ({ url } = await server.listen());
});

afterAll(async () => {
  await server.close();
  await Promise.all([issuer.close(), trap.close()]);
});

interface Seen {
  readonly viewer?: string | null;
  readonly code?: string;
  readonly status?: number;
}

type Transport = (authorization: string | null) => Promise<Seen>;

const query = '{ viewer }';
const json = { 'content-type': 'application/json', accept: 'application/json' };
const withToken = (authorization: string | null): Record<string, string> =>
  authorization === null ? {} : { authorization };

async function seenIn(response: Response): Promise<Seen> {
  const { data, errors } = (await response.json()) as {
    data?: { viewer: string | null };
    errors?: { extensions: { code: string } }[];
  };
  const code = errors?.[0]?.extensions.code;
  return code === undefined ? { viewer: data?.viewer ?? null } : { code, status: response.status };
}

const transports: Record<string, Transport> = {
  POST: async (authorization) =>
    seenIn(
      await fetch(url, {
        method: 'POST',
        headers: { ...json, ...withToken(authorization) },
        body: JSON.stringify({ query }),
      }),
    ),
  'POST through fetch': async (authorization) =>
    seenIn(await server.post({ query }, { ...json, ...withToken(authorization) })),
  GET: async (authorization) =>
    seenIn(
      await fetch(`${url}?${new URLSearchParams({ query })}`, {
        headers: { accept: 'application/json', ...withToken(authorization) },
      }),
    ),
  'server-sent events': async (authorization) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...withToken(authorization),
      },
      body: JSON.stringify({ query: 'subscription { ticks(to: 1) }' }),
    });
    const text = await response.text();
    if (!text.startsWith('{') && !/"errors"/.test(text)) {
      return { viewer: text.includes('"ticks":1') ? 'somebody' : null };
    }
    return { code: /"code":"(\w+)"/.exec(text)?.[1] ?? '', status: response.status };
  },
  'WebSocket, in connection_init': (authorization) =>
    overSocket(authorization === null ? {} : { authorization }, {}),
  'WebSocket, in the upgrade': (authorization) => overSocket({}, withToken(authorization)),
};

function overSocket(connectionParams: object, headers: Record<string, string>): Promise<Seen> {
  class Socket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers });
    }
  }
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: Socket,
    connectionParams: { ...connectionParams },
    retryAttempts: 0,
    lazy: true,
  });
  return new Promise<Seen>((resolve, reject) => {
    client.subscribe<{ viewer: string | null }>(
      { query },
      {
        next: ({ data }) => resolve({ viewer: data?.viewer ?? null }),
        error: (error) => {
          const { code } = error as { code?: number };
          if (code === 4401) resolve({ code: 'UNAUTHENTICATED', status: 401 });
          else reject(error instanceof Error ? error : new Error(JSON.stringify(error)));
        },
        complete: () => {},
      },
    );
  }).finally(() => client.dispose());
}

const now = () => Math.floor(Date.now() / 1_000);
const bearer = async (token: string | Promise<string>) => `Bearer ${await token}`;
const publicKey = async (alg: string) => {
  const jwk = issuer.keys.get(alg)!.publicJwk;
  return {
    jwk,
    pem: await exportSPKI((await importJWK(jwk, alg, { extractable: true })) as CryptoKey),
  };
};
const claims = () => ({
  iss: issuer.url,
  aud: 'urn:app',
  sub: 'ada',
  client_id: 'app',
  iat: now(),
  exp: now() + 300,
});

/** HS256 over the token, with a key that everybody can read. */
function signedWithText(text: string, kid: string): string {
  const unsigned = rawToken({ alg: 'HS256', typ: 'at+jwt', kid }, claims()).slice(0, -1);
  return `${unsigned}.${createHmac('sha256', text).update(unsigned).digest('base64url')}`;
}

const good: readonly (readonly [string, () => Promise<string>])[] = [
  ...['RS256', 'PS256', 'ES256', 'EdDSA'].map(
    (alg) => [alg, () => bearer(tokenOf(issuer, { alg }))] as const,
  ),
  ['the scheme in small letters', async () => `bearer ${await tokenOf(issuer)}`],
  [
    'the long form of its type',
    () => bearer(tokenOf(issuer, { header: { typ: 'application/at+jwt' } })),
  ],
  [
    'no key id, where one key fits',
    () => bearer(tokenOf(issuer, { alg: 'EdDSA', header: { kid: undefined } })),
  ],
  [
    'an audience in a list by itself',
    () => bearer(tokenOf(issuer, { claims: { aud: ['urn:app'] } })),
  ],
  [
    'an end 20 s ago',
    () => bearer(tokenOf(issuer, { claims: { iat: now() - 300, exp: now() - 20 } })),
  ],
  [
    'a start in 20 s',
    () => bearer(tokenOf(issuer, { claims: { iat: now() + 20, nbf: now() + 20 } })),
  ],
  [
    'a key address that is never asked',
    () => bearer(tokenOf(issuer, { header: { jku: `${trap.url}/jwks`, x5u: `${trap.url}/x5u` } })),
  ],
];

const bad: readonly (readonly [string, () => Promise<string>])[] = [
  ['no signature, alg none', () => bearer(rawToken({ alg: 'none', typ: 'at+jwt' }, claims()))],
  ['no signature, alg None', () => bearer(rawToken({ alg: 'None', typ: 'at+jwt' }, claims()))],
  [
    'no signature, alg ES256',
    () => bearer(rawToken({ alg: 'ES256', typ: 'at+jwt', kid: 'key-ES256' }, claims())),
  ],
  [
    'HS256 with the public key as PEM',
    async () => bearer(signedWithText((await publicKey('RS256')).pem, 'key-RS256')),
  ],
  [
    'HS256 with the public key as JWK',
    async () => bearer(signedWithText(JSON.stringify((await publicKey('ES256')).jwk), 'key-ES256')),
  ],
  ['HS256 with an empty key', () => bearer(signedWithText('', 'key-ES256'))],
  ['HS256 with the BFF’s secret', () => bearer(signedWithText('secret', 'key-ES256'))],
  ['RS512', () => bearer(tokenOf(issuer, { alg: 'RS512' }))],
  ['ES384', () => bearer(tokenOf(issuer, { alg: 'ES384' }))],
  [
    'another’s key under a known id',
    () => bearer(tokenOf(issuer, { key: issuer.foreign.privateKey })),
  ],
  [
    'an unknown key id',
    () => bearer(tokenOf(issuer, { key: issuer.foreign.privateKey, header: { kid: 'other' } })),
  ],
  [
    'a key id that climbs',
    () =>
      bearer(
        tokenOf(issuer, { key: issuer.foreign.privateKey, header: { kid: '../../dev/null' } }),
      ),
  ],
  [
    'a key of its own in the header',
    () =>
      bearer(
        tokenOf(issuer, {
          key: issuer.foreign.privateKey,
          header: { jwk: issuer.foreign.publicJwk },
        }),
      ),
  ],
  [
    'a key address of its own',
    () =>
      bearer(
        tokenOf(issuer, { key: trap.foreign.privateKey, header: { jku: `${trap.url}/jwks` } }),
      ),
  ],
  [
    'a certificate address of its own',
    () =>
      bearer(tokenOf(issuer, { key: trap.foreign.privateKey, header: { x5u: `${trap.url}/x5u` } })),
  ],
  [
    'critical headers',
    () =>
      bearer(rawToken({ alg: 'ES256', typ: 'at+jwt', crit: ['exp'], exp: 1 }, claims(), 'AAAA')),
  ],
  [
    'an unencoded payload',
    () =>
      bearer(
        rawToken({ alg: 'ES256', typ: 'at+jwt', crit: ['b64'], b64: false }, claims(), 'AAAA'),
      ),
  ],
  [
    'a changed payload',
    async () => {
      const [header, , signature] = (await tokenOf(issuer)).split('.');
      const changed = Buffer.from(JSON.stringify({ ...claims(), sub: 'grace' })).toString(
        'base64url',
      );
      return `Bearer ${header}.${changed}.${signature}`;
    },
  ],
  ['another audience', () => bearer(tokenOf(issuer, { claims: { aud: 'urn:other' } }))],
  [
    'several audiences',
    () => bearer(tokenOf(issuer, { claims: { aud: ['urn:app', 'urn:other'] } })),
  ],
  ['no audience', () => bearer(tokenOf(issuer, { claims: { aud: undefined } }))],
  ['another issuer', () => bearer(tokenOf(issuer, { claims: { iss: 'https://evil.example' } }))],
  ['an issuer with a slash', () => bearer(tokenOf(issuer, { claims: { iss: `${issuer.url}/` } }))],
  ['no issuer', () => bearer(tokenOf(issuer, { claims: { iss: undefined } }))],
  ['the type of an ID token', () => bearer(tokenOf(issuer, { header: { typ: 'JWT' } }))],
  ['no type', () => bearer(tokenOf(issuer, { header: { typ: undefined } }))],
  [
    'an end 40 s ago',
    () => bearer(tokenOf(issuer, { claims: { iat: now() - 300, exp: now() - 40 } })),
  ],
  ['no end', () => bearer(tokenOf(issuer, { claims: { exp: undefined } }))],
  ['a start in 40 s', () => bearer(tokenOf(issuer, { claims: { nbf: now() + 40 } }))],
  ['a birth in 40 s', () => bearer(tokenOf(issuer, { claims: { iat: now() + 40 } }))],
  ['no subject', () => bearer(tokenOf(issuer, { claims: { sub: undefined } }))],
  ['an empty subject', () => bearer(tokenOf(issuer, { claims: { sub: '' } }))],
  ['no client', () => bearer(tokenOf(issuer, { claims: { client_id: undefined } }))],
  ['9 KiB', () => bearer(tokenOf(issuer, { claims: { scope: 'x'.repeat(9 * 1024) } }))],
  ['five parts', async () => bearer('a.b.c.d.e')],
  ['nonsense', async () => 'Bearer nonsense'],
  ['nothing', async () => 'Bearer'],
  ['another scheme', async () => `Basic ${Buffer.from('ada:sandbox').toString('base64')}`],
  ['two tokens', async () => `Bearer ${await tokenOf(issuer)}, Bearer ${await tokenOf(issuer)}`],
  ['two spaces', async () => `Bearer  ${await tokenOf(issuer)}`],
];

describe.each(Object.entries(transports))('%s', (name, send) => {
  const known = name === 'server-sent events' ? 'somebody' : 'ada';
  it.each(good)('takes a token with %s', async (_case, authorization) => {
    expect(await send(await authorization())).toEqual({ viewer: known });
  });

  it.each(bad)('refuses a token with %s', async (_case, authorization) => {
    expect(await send(await authorization())).toEqual({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it('knows nobody without a token', async () => {
    const nobody = name === 'server-sent events' ? 'somebody' : null;
    expect(await send(null)).toEqual({ viewer: nobody });
  });
});

describe('a refusal', () => {
  it('is early: nothing runs, and only the provider was ever asked for keys', () => {
    expect(trap.asked.size).toBe(0);
    expect(server.source.started).toBe(good.length + 1); // the streams that were allowed
  });

  it('asks for keys once, however many unknown ids come', () => {
    expect(issuer.asked.get('/jwks')).toBe(1);
    expect(issuer.asked.get('/.well-known/openid-configuration')).toBe(1);
  });

  it('says what to bring, and is quiet', async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...json, authorization: 'Bearer x' },
      body: JSON.stringify({ query }),
    });
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await response.json()).toMatchObject({
      errors: [
        {
          message: 'The access token is not valid here.',
          extensions: { code: 'UNAUTHENTICATED', retryable: false },
        },
      ],
    });
    expect(server.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(JSON.stringify(server.log)).not.toMatch(/eyJ/);
  });
});

describe('the end of a token', () => {
  const soon = () => ({ claims: { iat: now() - 300, exp: now() + 1 } });

  it('closes a WebSocket within a second', async () => {
    const token = await tokenOf(issuer, soon());
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    const closed = once(socket, 'close');
    await once(socket, 'open');
    const endsAtMs = (now() + 1) * 1_000;
    const payload = { authorization: `Bearer ${token}` };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    expect((await closed)[0]).toBe(4401);
    expect(Date.now() - endsAtMs).toBeLessThan(1_000);
  });

  it('ends server-sent events within a second', async () => {
    const authorization = `Bearer ${await tokenOf(issuer, soon())}`;
    const endsAtMs = (now() + 1) * 1_000;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
      body: JSON.stringify({ query: 'subscription { idle }' }),
    });
    await response.text();
    expect(Date.now() - endsAtMs).toBeLessThan(1_000);
  });
});
