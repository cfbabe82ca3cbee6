import { viewerKey } from '../../load/viewer-key.ts';
import type { Viewer } from '../../request.ts';
import { createAccessTokens, skewMs, type VerifiedToken } from './access-token.ts';
import { type Auth, type AuthDefinition, type ListedOrigins, unauthenticated } from './auth.ts';
import { clientSettings, type ClientOptions, type ValuesOf } from './auth-settings.ts';
import { createBackendTokens } from './backend-tokens.ts';
import { createIdentityProvider } from './identity-provider.ts';
import { createJwks } from './jwks.ts';
import { bearerGuard } from './session-guard.ts';

export interface BearerOptions extends ClientOptions {
  /** What the app's access tokens are made out to: `urn:tailorbird:mobile`. */
  readonly audience: string;
}

/**
 * Identity of an app that logs in by itself: a bearer access token (RFC 9068) in `Authorization`, or
 * in the `authorization` of a WebSocket's `connection_init`. Cookies say nothing about who asks.
 */
export function bearerAuth(options: BearerOptions): AuthDefinition {
  const settings = (environment: 'development' | 'production') =>
    clientSettings(options, environment);
  return {
    forPages: false,
    settings,
    create(values, { origins }) {
      const given = values as ValuesOf<ReturnType<typeof settings>>; // as `settings` reads them
      const provider = createIdentityProvider({
        issuer: given.OIDC_ISSUER,
        clientId: given.OIDC_CLIENT_ID,
        clientSecret: given.OIDC_CLIENT_SECRET,
      });
      const jwks = createJwks({
        url: async () => String((await provider.configuration()).serverMetadata().jwks_uri),
      });
      const { issuer } = provider;
      return createBearerAuth(
        createAccessTokens({ issuer, audience: options.audience, jwks }),
        createBackendTokens({ provider }),
        origins,
      );
    },
  };
}

type Tokens = ReturnType<typeof createBackendTokens>;

function createBearerAuth(
  verify: (token: string) => Promise<VerifiedToken>,
  backendTokens: Tokens,
  origins: ListedOrigins,
): Auth {
  const credentials = new WeakMap<Viewer, VerifiedToken>();

  async function viewerOf(authorization: unknown): Promise<Viewer | null> {
    if (authorization === undefined || authorization === null) return null;
    const token = typeof authorization === 'string' && bearerShape.exec(authorization)?.[1];
    if (!token)
      throw unauthenticated('The Authorization header must be: Bearer, one space, token.');
    const verified = await verify(token);
    credentials.set(verified.viewer, verified);
    return verified.viewer;
  }

  return {
    challenge: 'Bearer error="invalid_token"',
    guard: (request) => bearerGuard(request, origins),
    routes: async () => null,
    viewer: (request) => viewerOf(request.headers.get('authorization')),
    socketViewer: (upgrade, payload) =>
      viewerOf(
        payload?.['authorization'] ??
          payload?.['Authorization'] ??
          upgrade.headers.get('authorization'),
      ),
    watch(viewer, ended) {
      const expiresAtMs = credentials.get(viewer)?.expiresAtMs;
      if (expiresAtMs === undefined) return () => {};
      // One that came late, within the skew, has until the end of that.
      return callAt(Date.now() < expiresAtMs ? expiresAtMs : expiresAtMs + skewMs, ended);
    },
    tokenFor(viewer, audience, refused) {
      if (viewer === null) return backendTokens.tokenFor(null, audience, refused);
      const key = viewerKey(viewer);
      const accessToken = () => {
        const credential = credentials.get(viewer);
        if (credential) return credential.token;
        throw unauthenticated('Log in first.');
      };
      return backendTokens.tokenFor({ key, accessToken }, audience, refused);
    },
    close: async () => {},
  };
}

/** `b64token` of RFC 6750. */
const bearerShape = /^Bearer ([\w.~+/-]+=*)$/i;
/** Longest delay that a timer of Node can wait, in milliseconds. */
const longestDelayMs = 2 ** 31 - 1;

function callAt(atMs: number, call: () => void): () => void {
  const wait = () => {
    const leftMs = atMs - Date.now();
    if (leftMs <= 0) call();
    else timer = setTimeout(wait, Math.min(leftMs, longestDelayMs)).unref();
  };
  let timer: NodeJS.Timeout = setTimeout(wait, 0).unref();
  return () => clearTimeout(timer);
}
