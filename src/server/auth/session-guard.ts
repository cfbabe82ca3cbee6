import type { HttpRefusal } from '../http-refusal.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import { readSessionId } from './cookies.ts';
import { publicOrigin } from './public-origin.ts';

/** A header that no form and no foreign page can send without being asked first. */
export const csrfHeader = 'x-bff-csrf';

/**
 * Refuses what a page of another site could have sent with a visitor's cookie, whatever the method:
 * another origin, another site, or a session cookie without `X-BFF-CSRF: 1`; and `Authorization`,
 * since only the cookie says who asks.
 */
export function sessionGuard(
  request: IncomingRequest,
  configuredOrigin: string | null,
): HttpRefusal | null {
  const { headers } = request;
  if (headers.get('authorization') !== null) {
    return {
      status: 401,
      code: 'UNAUTHENTICATED',
      message: 'This BFF takes its session cookie, and no Authorization header.',
    };
  }
  const origin = headers.get('origin');
  if (origin !== null && origin !== publicOrigin(request, configuredOrigin)) {
    return { status: 403, code: 'FORBIDDEN', message: 'Pages of another origin can’t ask here.' };
  }
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    return { status: 403, code: 'FORBIDDEN', message: 'Pages of another origin can’t ask here.' };
  }
  if (readSessionId(request) !== null && headers.get(csrfHeader) !== '1') {
    return {
      status: 403,
      code: 'FORBIDDEN',
      message: 'A request with a session cookie needs the header X-BFF-CSRF: 1.',
    };
  }
  return null;
}
