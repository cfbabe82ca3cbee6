import type { IncomingRequest } from '../incoming-request.ts';

/**
 * Where browsers reach us: PUBLIC_URL, or what the request itself was sent to. Only development goes
 * without PUBLIC_URL, so that plain HTTP on this machine works on any port.
 */
export function publicOrigin(request: IncomingRequest, configured: string | null): string {
  return configured ?? new URL(request.url).origin;
}

/** A path of our own to go on to after a login; null for anything that leads elsewhere. */
export function ownPath(text: string | null, origin: string): string | null {
  if (text === null) return '/';
  // Browsers read a backslash as a slash and drop tabs and line ends, so neither may be there.
  if (!text.startsWith('/') || /^\/[/\\]|[\\\p{Cc}]/u.test(text) || text.length > 2_000)
    return null;
  const url = URL.parse(text, origin);
  return url?.origin === origin ? url.pathname + url.search + url.hash : null;
}
