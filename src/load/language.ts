import { type IncomingHeaders, forwardedHeader } from '../backend/headers.ts';
import type { RequestContext } from '../request.ts';

/** The `Accept-Language` that backends are told; null when the client has none. */
export function languageOf(context: RequestContext & IncomingHeaders): string | null {
  return forwardedHeader(context, 'accept-language');
}
