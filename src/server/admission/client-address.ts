import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The address that a request came from: an IPv4 address, or the first 64 bits of an IPv6 one, since
 * whoever has one of those has them all. With `trustedHops` proxies in front, the one that the
 * outermost of them saw; nothing that a client writes into `X-Forwarded-For` itself counts.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'socket' | 'headers'>,
  trustedHops: number,
): string {
  const own = request.socket.remoteAddress ?? 'unknown';
  if (trustedHops > 0) {
    const forwarded = request.headers['x-forwarded-for'];
    const text = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
    if (text !== undefined) {
      const seen = text.split(',');
      const address = withoutPort(seen[Math.max(0, seen.length - trustedHops)]?.trim() ?? '');
      if (isIP(address) !== 0) return network(address);
    }
  }
  return network(own);
}

function network(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  const groups = tail === undefined ? front : [...front, ...zeros, ...back];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** `[::1]:4001`, `10.0.0.1:4001`. */
function withoutPort(text: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
