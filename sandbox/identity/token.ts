import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { originBeside } from '../start/ports.ts';
import { accounts, password } from './accounts.ts';
import { apis } from './clients.ts';

const ids = accounts.map(({ id }) => id);
const usage = `Usage: npm run token -- <${ids.join('|')}>

Logs a traveller in at the sandbox's identity provider as the mobile app does (code + PKCE), and
prints the access token that the mobile BFF takes: Authorization: Bearer <token>.

IDENTITY_PORT is the port of the provider, as for npm start (4105), or OIDC_ISSUER all of its address.`;

const callback = 'http://127.0.0.1/callback';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { help: { type: 'boolean' } },
});
const [id, ...more] = positionals;
if (values['help']) {
  console.log(usage);
} else if (id === undefined || more.length > 0) {
  console.error(usage);
  process.exitCode = 2;
} else if (!ids.includes(id)) {
  console.error(`${id} is no traveller of the sandbox; there are ${ids.join(', ')}`);
  process.exitCode = 2;
} else {
  try {
    console.log(await tokenOf(id));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

async function tokenOf(id: string): Promise<string> {
  const { OIDC_ISSUER: given } = process.env;
  const issuer = given || originBeside('IDENTITY_PORT', 'OIDC_ISSUER', process.env);
  return login(issuer, id).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause : error;
    throw new Error(`no token from ${issuer}: ${cause.message}`, { cause });
  });
}

/** The access token that a login of the app ends with. */
async function login(issuer: string, id: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const parameters = new URLSearchParams({
    client_id: 'mobile',
    response_type: 'code',
    redirect_uri: callback,
    scope: ['openid', ...(apis['urn:tailorbird:mobile'] ?? [])].join(' '),
    resource: 'urn:tailorbird:mobile',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const cookies = new Map<string, string>();
  const page = await follow(cookies, `${issuer}/auth?${parameters}`);
  const form = new URLSearchParams({ account: id, password });
  const back = new URL(await follow(cookies, page, { method: 'POST', body: form }));
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'mobile',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: verifier,
    }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string };
  if (token === undefined) throw new Error(`the provider answered ${answer.status}`);
  return token;
}

/** Where redirects end: at a page, or at the app's own address. */
async function follow(
  cookies: Map<string, string>,
  start: string,
  init: RequestInit = {},
): Promise<string> {
  let address = start;
  let request = init;
  while (!address.startsWith(callback)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { ...request, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = response.headers.get('location');
    if (location === null) return address;
    address = new URL(location, address).href;
    request = {};
  }
  return address;
}
