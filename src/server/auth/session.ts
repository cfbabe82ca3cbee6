import { viewerKey } from '../../load/viewer-key.ts';
import type { Viewer } from '../../request.ts';
import type { Environment } from '../mask.ts';
import {
  type Auth,
  type AuthDefinition,
  type AuthHost,
  forbidden,
  unauthenticated,
} from './auth.ts';
import {
  clientSettings,
  type ClientOptions,
  sessionSettings,
  type ValuesOf,
} from './auth-settings.ts';
import { createBackendTokens } from './backend-tokens.ts';
import { readSessionId } from './cookies.ts';
import { createIdentityProvider } from './identity-provider.ts';
import { createOauthRoutes } from './oauth-routes.ts';
import { pageResponse, tryOutPage } from './pages.ts';
import { publicOrigin } from './public-origin.ts';
import { redisSessionStore } from './redis-session-store.ts';
import { createBinder, createSealer, sameText } from './sealed.ts';
import { csrfHeader, otherOrigin, sessionGuard } from './session-guard.ts';
import { createSessions } from './sessions.ts';
import { memorySessionStore } from './session-store.ts';

export interface SessionOptions extends ClientOptions {
  /** What the login's access tokens are made out to; they stay here, and are exchanged. */
  readonly audience: string;
  /** Asked for beside `openid` and `profile`. @default none */
  readonly scopes?: readonly string[];
  /** A session nobody uses ends after this. @default 30 minutes */
  readonly idleMs?: number;
  /** Every session ends after this. @default 12 hours */
  readonly absoluteMs?: number;
  /** What the page at `/` asks, which development has for trying a login. @default no page */
  readonly tryOut?: string;
}

/**
 * Identity of a browser: a login at the OpenID provider (code + PKCE, state, nonce) under `/auth/`
 * becomes a session that an opaque cookie names. Tokens stay on this side.
 */
export function sessionAuth(options: SessionOptions): AuthDefinition {
  const settings = (environment: Environment) => ({
    ...clientSettings(options, environment),
    ...sessionSettings(environment),
  });
  return {
    settings,
    create(values, host) {
      const given = values as ValuesOf<ReturnType<typeof settings>>; // as `settings` reads them
      return createSessionAuth(options, given, host);
    },
  };
}

type Given = ValuesOf<ReturnType<typeof clientSettings> & ReturnType<typeof sessionSettings>>;

function createSessionAuth(
  options: SessionOptions,
  given: Given,
  { environment, logger, origins }: AuthHost,
): Auth {
  const { audience, scopes = [], idleMs, absoluteMs, tryOut } = options;
  const { SESSION_SECRET: secret, REDIS_URL: redis, PUBLIC_URL: origin } = given;
  const provider = createIdentityProvider({
    issuer: given.OIDC_ISSUER,
    clientId: given.OIDC_CLIENT_ID,
    clientSecret: given.OIDC_CLIENT_SECRET,
  });
  const store = redis ? redisSessionStore(redis, logger) : memorySessionStore();
  const sessions = createSessions({
    store,
    provider,
    secret,
    ...(idleMs !== undefined && { idleMs }),
    ...(absoluteMs !== undefined && { absoluteMs }),
  });
  const backendTokens = createBackendTokens({ provider });
  const socketValue = createBinder(secret, 'socket');
  const oauth = createOauthRoutes({
    provider,
    sessions,
    loginSealer: createSealer(secret, 'login'),
    socketValue,
    origin,
    origins,
    audience,
    scopes,
    logger,
    now: Date.now,
  });
  /** Which session a viewer is of; viewers carry nothing of it themselves. */
  const sessionIds = new WeakMap<Viewer, string>();

  async function viewerOf(id: string | null): Promise<Viewer | null> {
    const session = id === null ? null : await sessions.find(id);
    if (id === null || !session) return null;
    const { subject, scopes, roles = [] } = session;
    const viewer = { subject, scopes, roles };
    sessionIds.set(viewer, id);
    return viewer;
  }

  return {
    origin,
    guard: (request) => sessionGuard(request, { origin, origins }),
    async routes(request) {
      const answer = await oauth(request);
      if (answer || tryOut === undefined || environment === 'production') return answer;
      const isPage = request.method === 'GET' && new URL(request.url).pathname === '/';
      return isPage ? pageResponse(200, tryOutPage('Tailorbird', tryOut)) : null;
    },
    viewer: (request) => viewerOf(readSessionId(request)),
    async socketViewer(upgrade, payload) {
      if (upgrade.headers.has('authorization') || payload?.['authorization'] !== undefined) {
        throw unauthenticated('This BFF takes its session cookie, and no Authorization header.');
      }
      const from = upgrade.headers.get('origin');
      const id = readSessionId(upgrade);
      const foreign = from !== null && from !== publicOrigin(upgrade, origin) && !origins.has(from);
      if (foreign || (id !== null && from === null)) {
        throw forbidden(otherOrigin.message);
      }
      const value = payload?.[csrfHeader];
      if (id !== null && (typeof value !== 'string' || !sameText(value, socketValue(id)))) {
        throw forbidden('A WebSocket with a session cookie needs its session’s value.');
      }
      return viewerOf(id);
    },
    watch(viewer, ended) {
      const id = sessionIds.get(viewer);
      return id === undefined ? () => {} : sessions.watch(id, ended);
    },
    tokenFor(viewer, audience, refused) {
      if (viewer === null) return backendTokens.tokenFor(null, audience, refused);
      const key = viewerKey(viewer);
      const accessToken = async () => {
        const id = sessionIds.get(viewer);
        const session = id === undefined ? null : await sessions.find(id);
        if (session) return session.accessToken;
        throw unauthenticated('Log in first.');
      };
      return backendTokens.tokenFor({ key, accessToken }, audience, refused);
    },
    close: () => store.close(),
  };
}
