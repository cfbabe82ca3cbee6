import type { IncomingMessage } from 'node:http';

/**
 * Whether a request has a URL: its target is a path, and its host one that a URL can have. Without
 * a host, as HTTP/1.0 may ask, it is ours.
 */
export function hasUrl({ url, headers: { host } }: IncomingMessage): boolean {
  if (!url?.startsWith('/')) return false;
  // The shape keeps out what would be read as another part of a URL; a port may still be too high.
  return host === undefined || (hostShape.test(host) && URL.canParse(`http://${host}`));
}

const hostShape = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
