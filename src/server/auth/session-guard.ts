import { isOfHost } from '../admission/origins.ts';
import type { HttpRefusal } from '../http-refusal.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import type { ListedOrigins } from './auth.ts';
import { readSessionId } from './cookies.ts';
import { publicOrigin } from './public-origin.ts';

/** A header that no form and no foreign page can send without being asked first. */
export const csrfHeader = 'x-bff-csrf';

export const otherOrigin = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of another origin can’t ask here.',
} as const satisfies HttpRefusal;

export interface OwnOrigin {
  /** PUBLIC_URL's; null means as asked. */
  readonly origin: string | null;
  readonly origins: ListedOrigins;
}

/**
 * Refuses what a page of another site could have sent with a visitor's cookie, whatever the method:
 * another origin that is not listed, another site, or a session cookie without `X-BFF-CSRF: 1`; and
 * `Authorization`, since only the cookie says who asks.
 */
export function sessionGuard(request: IncomingRequest, own: OwnOrigin): HttpRefusal | null {
  const { headers } = request;
  if (headers.get('authorization') !== null) {
    return {
      status: 401,
      code: 'UNAUTHENTICATED',
      message: 'This BFF takes its session cookie, and no Authorization header.',
    };
  }
  if (isFromElsewhere(request, own)) return otherOrigin;
  if (readSessionId(request) !== null && headers.get(csrfHeader) !== '1') {
    return {
      status: 403,
      code: 'FORBIDDEN',
      message: 'A request with a session cookie needs the header X-BFF-CSRF: 1.',
    };
  }
  return null;
}

/** Whether a page asks that is neither ours nor listed. What is no page says nothing of itself. */
function isFromElsewhere(request: IncomingRequest, own: OwnOrigin): boolean {
  const origin = request.headers.get('origin');
  // It names its origin, which says more than which site that is of.
  if (origin !== null && own.origins.has(origin)) return false;
  if (origin !== null && origin !== publicOrigin(request, own.origin)) return true;
  const site = request.headers.get('sec-fetch-site');
  return site !== null && site !== 'same-origin' && site !== 'none';
}

/** Refuses a page of another host where an app brings its token: as a WebSocket does. */
export function bearerGuard(
  { headers, url }: IncomingRequest,
  origins: ListedOrigins,
): HttpRefusal | null {
  const origin = headers.get('origin');
  if (origin === null || origins.has(origin)) return null;
  return isOfHost(origin, new URL(url).host) ? null : otherOrigin;
}
