import { createServer } from 'node:http';
import {
  type Context,
  errors,
  interactionPolicy,
  Provider,
  type ResourceServerInfo,
} from 'oidc-provider';
import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import { listen } from '../service/listen.ts';
import { serveCalls } from '../service/rest-server.ts';
import type { RunningService, ServiceOptions } from '../service/service.ts';
import { accounts } from './accounts.ts';
import { apis, clientOf, clients, tokenExchange } from './clients.ts';
import { exchangeParameters, exchangeType, tokenExchangeGrant } from './exchange.ts';
import { createInteractions } from './interactions.ts';
import { logoutPage, messagePage, pageHeaders } from './pages.ts';
import { type IdentityStore, openIdentity } from './store.ts';

export interface IdentityOptions extends ServiceOptions {
  /** How long access tokens hold, in seconds. @default IDENTITY_TOKEN_SECONDS, else 300 */
  readonly accessTokenSeconds?: number;
}

const closeGraceMs = 500;

/**
 * Starts the identity provider: OpenID Connect with code + PKCE, client credentials and token
 * exchange. Access tokens for an API are JWTs (RFC 9068). Accounts are in `accounts.ts`, clients and
 * APIs in `clients.ts`; its `url` is the issuer.
 *
 * Keys, logins and refresh tokens survive a restart; code and access tokens run out by themselves.
 */
export async function startIdentity(options: IdentityOptions = {}): Promise<RunningService> {
  const store = openIdentity(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('identity', options.print);
  const server = createServer({ keepAliveTimeout: 65_000 });
  try {
    const issuer = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;
    const provider = createProvider(issuer, store, options.accessTokenSeconds ?? tokenSeconds());
    const interact = createInteractions(provider);
    provider.use(async (context, next) => {
      await next();
      const grant = context.path === '/token' ? context.oidc?.params?.['grant_type'] : undefined;
      const operation = `${context.method} /${context.path.split('/')[1] ?? ''}`;
      calls.begin(grant ? `${operation} ${grant}` : operation, context.path)(context.status);
    });
    const answer = provider.callback();
    server.on('request', (request, response) => {
      if (request.url === '/__calls') serveCalls(request, response, calls);
      else if (request.url?.startsWith('/interaction/')) void interact(request, response);
      else void answer(request, response);
    });
    return {
      name: 'identity',
      url: issuer,
      callsUrl: `${issuer}/__calls`,
      calls,
      async close() {
        const force = setTimeout(() => server.closeAllConnections(), closeGraceMs);
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        });
        clearTimeout(force);
        store.close();
      },
    };
  } catch (error) {
    server.close();
    store.close();
    throw error;
  }
}

function createProvider(issuer: string, store: IdentityStore, accessTokenSeconds: number) {
  const resourceServerInfo = (resource: string): ResourceServerInfo => {
    const scopes = apis[resource];
    if (!scopes) throw new errors.InvalidTarget('there is no such API');
    return {
      scope: scopes.join(' '),
      audience: resource,
      accessTokenFormat: 'jwt',
      accessTokenTTL: accessTokenSeconds,
      jwt: { sign: { alg: 'ES256' } },
    };
  };
  const day = 24 * 60 * 60;
  const policy = interactionPolicy.base();
  policy.remove('consent'); // all clients are our own

  const provider = new Provider(issuer, {
    adapter: (kind: string) => store.adapter(kind),
    jwks: store.jwks,
    cookies: { keys: store.cookieKeys },
    clients: clients.map(({ metadata }) => metadata),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    scopes: ['openid', 'profile', ...new Set(Object.values(apis).flat())],
    claims: { openid: ['sub'], profile: ['name'] },
    // The ID token says the name, so that a login needs no call to /me.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    interactions: {
      policy,
      url: (_context: Context, { uid }: { uid: string }) => `/interaction/${uid}`,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (
          _context: Context,
          client: { clientId: string },
          token: { clientId: string },
        ) => client.clientId === token.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (context: Context, resource: string) => {
          const client = clientOf(context.oidc.client.clientId);
          if (client && [...client.frontDoors, ...client.backends].includes(resource)) {
            return resourceServerInfo(resource);
          }
          throw new errors.InvalidTarget('this client gets no tokens for that resource');
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: Context, form: string) => show(context, logoutPage(form)),
        postLogoutSuccessSource: (context: Context) =>
          show(context, messagePage('Logged out', 'You are logged out.')),
      },
    },
    formats: {
      customizers: {
        jwt: (_context: Context, token: IssuedToken, jwt: { payload: Record<string, unknown> }) => {
          // A token of a login says which, so that it can't be exchanged once the login is over.
          if (token.grantId) jwt.payload['grant'] = token.grantId;
          if (token.gty === exchangeType) jwt.payload['act'] = { sub: token.clientId };
        },
      },
    },
    ttl: {
      AccessToken: (_context: Context, token: { resourceServer?: { accessTokenTTL: number } }) =>
        token.resourceServer?.accessTokenTTL ?? accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: accessTokenSeconds,
      RefreshToken: day,
      Interaction: 60 * 60,
      Session: day,
      Grant: day,
    },
    rotateRefreshToken: true,
    issueRefreshToken: (_context: Context, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    findAccount(_context: Context, id: string) {
      const account = accounts.find((candidate) => candidate.id === id);
      return account && { accountId: id, claims: () => ({ sub: id, name: account.name }) };
    },
    loadExistingGrant,
    renderError(context: Context, out: { error: string; error_description?: string }) {
      show(context, messagePage('That did not work', out.error_description ?? out.error));
    },
  });
  provider.on('server_error', (_context, error) => console.error(error));
  provider.registerGrantType(
    tokenExchange,
    tokenExchangeGrant(provider, store.publicJwks, resourceServerInfo),
    exchangeParameters,
    ['resource', 'audience'],
  );
  return provider;

  /** Whoever logs in allows our own clients what they ask for; each login stands by itself. */
  async function loadExistingGrant({ oidc }: Context) {
    const { client, session, requestParamScopes, resourceServers } = oidc;
    const { accountId } = session;
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope([...requestParamScopes].join(' '));
    for (const [resource, { scope }] of Object.entries(resourceServers)) {
      grant.addResourceScope(resource, scope);
    }
    await grant.save();
    return grant;
  }
}

interface IssuedToken {
  readonly grantId?: string;
  readonly gty?: string;
  readonly clientId: string;
}

function show(context: Context, html: string): void {
  context.set(pageHeaders);
  context.body = html;
}

function tokenSeconds(): number {
  const text = process.env['IDENTITY_TOKEN_SECONDS'];
  if (text === undefined || text === '') return 300;
  const seconds = Number(text);
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new Error(`IDENTITY_TOKEN_SECONDS has to be a whole number above 0, but is "${text}"`);
}
