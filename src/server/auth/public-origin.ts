import type { IncomingRequest } from '../incoming-request.ts';
import type { ListedOrigins } from './auth.ts';

/**
 * Where browsers reach us: PUBLIC_URL, or what the request itself was sent to. Only development goes
 * without PUBLIC_URL, so that plain HTTP on this machine works on any port.
 */
export function publicOrigin(request: IncomingRequest, configured: string | null): string {
  return configured ?? new URL(request.url).origin;
}

/**
 * Where to go on to after a login: a path of our own, or a page of a listed origin by its whole
 * address; null for anything that leads elsewhere.
 */
export function pageToReturnTo(
  text: string | null,
  origin: string,
  origins: ListedOrigins,
): string | null {
  if (text === null) return '/';
  const listed = URL.parse(text);
  if (listed && origins.has(listed.origin) && text.length <= 2_000) {
    return listed.origin + listed.pathname + listed.search + listed.hash;
  }
  // Browsers read a backslash as a slash and drop tabs and line ends, so neither may be there.
  if (!text.startsWith('/') || /^\/[/\\]|[\\\p{Cc}]/u.test(text) || text.length > 2_000)
    return null;
  const url = URL.parse(text, origin);
  return url?.origin === origin ? url.pathname + url.search + url.hash : null;
}
