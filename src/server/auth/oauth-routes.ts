import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { isBackendError } from '../../error.ts';
import { refusalResponse, requestIdFor } from '../http-refusal.ts';
import type { Logger } from '../log.ts';
import type { ListedOrigins } from './auth.ts';
import {
  clearCookie,
  loginCookie,
  readCookie,
  readSessionId,
  sessionCookie,
  setLoginCookie,
  setSessionCookie,
} from './cookies.ts';
import { type IdentityProvider, isRefusal } from './identity-provider.ts';
import { continuePage, failurePage, pageResponse } from './pages.ts';
import { pageToReturnTo, publicOrigin } from './public-origin.ts';
import { rolesIn } from './roles.ts';
import type { Sealer } from './sealed.ts';
import { csrfHeader, sessionGuard } from './session-guard.ts';
import { renewAtMs, type Sessions } from './sessions.ts';

export interface OauthRoutesOptions {
  readonly provider: IdentityProvider;
  readonly sessions: Sessions;
  /** Seals what the callback has to find again. */
  readonly loginSealer: Sealer;
  /** The value that a session's WebSocket has to bring. */
  readonly socketValue: (sessionId: string) => string;
  /** Of PUBLIC_URL; null means as asked. */
  readonly origin: string | null;
  /** Others whose pages may ask, and be come back to. */
  readonly origins: ListedOrigins;
  /** What the access token is made out to. */
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly logger: Logger;
  readonly now: () => number;
}

/** What a login leaves with the browser between leaving for the provider and coming back. */
interface Login {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
  readonly startedAtMs: number;
  /** The session that this login takes the place of. */
  readonly replaces: string | null;
}

type Answer = (request: Request, url: URL) => Promise<Response>;

const loginSeconds = 600;
const noStore = { 'cache-control': 'no-store' };

/** `/auth/login`, `/auth/callback`, `/auth/logout` and `/auth/session`; null for other paths. */
export function createOauthRoutes(
  options: OauthRoutesOptions,
): (request: Request) => Promise<Response | null> {
  const { provider, sessions, loginSealer, socketValue, audience, scopes, logger, now } = options;
  const routes: Readonly<Record<string, readonly [method: string, answer: Answer]>> = {
    '/auth/login': ['GET', login],
    '/auth/callback': ['GET', callback],
    '/auth/logout': ['POST', guarded(logout)],
    '/auth/session': ['GET', guarded(session)],
  };

  return async (request) => {
    const url = new URL(request.url);
    const route = routes[url.pathname];
    if (!route) return null;
    const [method, answer] = route;
    if (request.method !== method) {
      return refusalResponse(
        request,
        requestIdFor(request),
        {
          status: 405,
          message: `${url.pathname} is asked with ${method}.`,
          headers: { allow: method },
        },
        Response,
      );
    }
    try {
      return await answer(request, url);
    } catch (error) {
      if (!isBackendError(error)) throw error;
      logger.warn({ cause: error.message, requestId: requestIdFor(request) }, 'login unavailable');
      return refusalResponse(
        request,
        requestIdFor(request),
        {
          status: 503,
          code: 'UPSTREAM_UNAVAILABLE',
          message: 'Logging in is not possible right now.',
          headers: { ...noStore, 'retry-after': '1' },
        },
        Response,
      );
    }
  };

  function guarded(answer: Answer): Answer {
    return async (request, url) => {
      const refusal = sessionGuard(request, options);
      if (!refusal) return answer(request, url);
      return refusalResponse(request, requestIdFor(request), refusal, Response);
    };
  }

  /** Sends the browser to the provider; `returnTo` is where to come back to. */
  async function login(request: Request, url: URL): Promise<Response> {
    const origin = publicOrigin(request, options.origin);
    const returnTo = pageToReturnTo(url.searchParams.get('returnTo'), origin, options.origins);
    if (returnTo === null) {
      return refusalResponse(
        request,
        requestIdFor(request),
        {
          status: 400,
          message:
            'returnTo must be a path of this site, such as /flights, or a page of a listed origin.',
        },
        Response,
      );
    }
    const configuration = await provider.configuration();
    const verifier = randomPKCECodeVerifier();
    const attempt: Login = {
      state: randomState(),
      nonce: randomNonce(),
      verifier,
      returnTo,
      startedAtMs: now(),
      replaces: readSessionId(request),
    };
    const to = buildAuthorizationUrl(configuration, {
      redirect_uri: `${origin}/auth/callback`,
      scope: ['openid', 'profile', ...scopes].join(' '),
      resource: audience,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: attempt.state,
      nonce: attempt.nonce,
    });
    const sealed = loginSealer.seal(JSON.stringify(attempt), loginCookie);
    return new Response(null, {
      status: 303,
      headers: {
        ...noStore,
        location: to.href,
        'referrer-policy': 'no-referrer',
        'set-cookie': setLoginCookie(sealed, loginSeconds),
      },
    });
  }

  /** Where the provider sends the browser back to: code, state, nonce and verifier must all fit. */
  async function callback(request: Request, url: URL): Promise<Response> {
    const attempt = readLogin(request);
    if (!attempt) return failed('This login took too long, or was started in another browser.');
    const origin = publicOrigin(request, options.origin);
    const configuration = await provider.configuration();
    try {
      const tokens = await authorizationCodeGrant(
        configuration,
        new URL(url.pathname + url.search, origin),
        {
          expectedState: attempt.state,
          expectedNonce: attempt.nonce,
          pkceCodeVerifier: attempt.verifier,
          idTokenExpected: true,
        },
      );
      const claims = tokens.claims();
      if (!claims) return failed('The provider did not say who you are.');
      const name = claims['name'];
      const id = await sessions.start({
        subject: claims.sub,
        name: typeof name === 'string' ? name : null,
        scopes: (tokens.scope ?? scopes.join(' ')).split(' ').filter((scope) => scope !== ''),
        roles: rolesIn(claims),
        accessToken: tokens.access_token,
        renewAtMs: renewAtMs(now(), tokens.expiresIn()),
        refreshToken: tokens.refresh_token ?? null,
        startedAtMs: now(),
      });
      if (attempt.replaces !== null) await sessions.end(attempt.replaces);
      // The way here came from another site, so a redirect would go on without the strict cookie.
      return pageResponse(200, continuePage(attempt.returnTo), [
        setSessionCookie(id),
        clearCookie(loginCookie),
      ]);
    } catch (error) {
      if (isBackendError(error)) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      logger.info({ cause, requestId: requestIdFor(request) }, 'a login was refused');
      return failed(
        isRefusal(error) ? 'The provider did not let you in.' : 'The login could not be checked.',
      );
    }
  }

  function readLogin(request: Request): Login | null {
    const text = loginSealer.open(readCookie(request, loginCookie) ?? '', loginCookie);
    if (text === null) return null;
    const attempt = JSON.parse(text) as Login; // as `login` sealed it
    return now() - attempt.startedAtMs <= loginSeconds * 1_000 ? attempt : null;
  }

  function failed(reason: string): Response {
    return pageResponse(400, failurePage(reason), [clearCookie(loginCookie)]);
  }

  /** Ends the session, here and at the provider. The answer says where to end the provider's own. */
  async function logout(request: Request): Promise<Response> {
    const id = readSessionId(request);
    if (id !== null) await sessions.end(id);
    const body = { endSessionUrl: await endSessionUrl(request) };
    return json(body, [clearCookie(sessionCookie)]);
  }

  async function endSessionUrl(request: Request): Promise<string | null> {
    try {
      return buildEndSessionUrl(await provider.configuration(), {
        post_logout_redirect_uri: `${publicOrigin(request, options.origin)}/`,
      }).href;
    } catch {
      return null; // it has no such page, or does not answer
    }
  }

  /** Who the browser is logged in as, and until when; never a token. */
  async function session(request: Request): Promise<Response> {
    const id = readSessionId(request);
    const found = id === null ? null : await sessions.find(id);
    if (id === null || !found) {
      const gone = readCookie(request, sessionCookie) === null ? [] : [clearCookie(sessionCookie)];
      return json({ viewer: null }, gone);
    }
    const ends = sessions.endsAtMs(found);
    return json({
      viewer: { subject: found.subject, name: found.name, scopes: found.scopes },
      csrf: { header: csrfHeader, value: '1', socket: socketValue(id) },
      idleEndsAt: new Date(ends.idle).toISOString(),
      endsAt: new Date(ends.latest).toISOString(),
    });
  }
}

function json(body: object, cookies: readonly string[] = []): Response {
  const headers = new Headers({ ...noStore, 'content-type': 'application/json; charset=utf-8' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(JSON.stringify(body), { status: 200, headers });
}
