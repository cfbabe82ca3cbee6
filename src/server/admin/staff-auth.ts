import { isOfHost } from '../admission/origins.ts';
import type { Auth } from '../auth/auth.ts';
import { readCookie } from '../auth/cookies.ts';
import { pageResponse, staffPage } from '../auth/pages.ts';
import { createSealer, digest, sameText } from '../auth/sealed.ts';
import { type HttpRefusal, refusalResponse, requestIdFor } from '../http-refusal.ts';
import type { Logger } from '../log.ts';
import { readBody } from '../request-body.ts';

export const staffCookie = '__Host-tailorbird-staff';
/** Where the form sends the token. */
export const staffLoginPath = '/graphql/login';

const staffHours = 8;
const formLimitBytes = 4_096;

export interface StaffAuthOptions {
  readonly bff: string;
  /** ADMIN_TOKEN. */
  readonly token: string;
  readonly logger: Logger;
  /** @default Date.now */
  readonly now?: () => number;
}

/**
 * Lets staff into the explorer: the token as a bearer, or a cookie that a form gives for it and that
 * ends after eight hours. Nobody else gets further than the form, and no page of another origin.
 */
export function staffAuth(options: StaffAuthOptions): Pick<Auth, 'guard' | 'routes'> {
  const { bff, token, logger, now = Date.now } = options;
  const sealer = createSealer(token, 'staff');
  // Digests are of one length, which is what comparing in constant time needs.
  const isToken = (text: string) => sameText(digest(text), digest(token));

  function isStaff(request: Request): boolean {
    const authorization = request.headers.get('authorization');
    if (authorization !== null) {
      return isToken(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? '');
    }
    const endsAtMs = sealer.open(readCookie(request, staffCookie) ?? '', staffCookie);
    return endsAtMs !== null && now() < Number(endsAtMs);
  }

  async function logIn(request: Request): Promise<Response | HttpRefusal> {
    const body = await readBody(request, formLimitBytes);
    if (typeof body !== 'string') return body;
    if (!isToken(new URLSearchParams(body).get('token') ?? '')) {
      logger.warn({ bff, requestId: requestIdFor(request) }, 'staff not let in');
      return pageResponse(401, staffPage(staffLoginPath, 'That is not the token.'));
    }
    logger.info({ bff, requestId: requestIdFor(request) }, 'staff let in');
    const ends = sealer.seal(String(now() + staffHours * 3_600_000), staffCookie);
    return new Response(null, {
      status: 303,
      headers: {
        location: '/graphql',
        'cache-control': 'no-store',
        'set-cookie': `${staffCookie}=${ends}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${staffHours * 3_600}`,
      },
    });
  }

  return {
    guard: () => null, // whoever gets here was let in
    async routes(request) {
      const { pathname } = new URL(request.url);
      const refuse = (refusal: HttpRefusal) =>
        refusalResponse(request, requestIdFor(request), refusal, Response);
      if (isOfOtherOrigin(request)) return refuse(otherOrigin);
      if (pathname === staffLoginPath && request.method === 'POST') {
        const answer = await logIn(request);
        return answer instanceof Response ? answer : refuse(answer);
      }
      if (isStaff(request)) return null;
      const asksForPage = request.headers.get('accept')?.includes('text/html');
      return request.method === 'GET' && asksForPage
        ? pageResponse(401, staffPage(staffLoginPath))
        : refuse(notStaff);
    },
  };
}

function isOfOtherOrigin({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site') ?? 'none';
  // Our form's page gives no referrer, and so its origin is "null"; no page can set this one.
  if (site === 'same-origin') return false;
  const origin = headers.get('origin');
  if (origin !== null && !isOfHost(origin, new URL(url).host)) return true;
  // A link from elsewhere may lead to the form; what it asks comes without the strict cookie.
  return site !== 'none' && headers.get('sec-fetch-mode') !== 'navigate';
}

const otherOrigin: HttpRefusal = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of another origin can’t ask here.',
};

const notStaff: HttpRefusal = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message: 'The explorer is for staff: send ADMIN_TOKEN as a bearer token.',
  headers: { 'www-authenticate': 'Bearer' },
};
