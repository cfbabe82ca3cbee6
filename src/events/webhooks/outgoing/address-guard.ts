import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** Which addresses a webhook may be sent to. */
export interface AddressRule {
  /** Whether this machine itself is one, over plain HTTP too: for tests and development. */
  readonly allowLoopback: boolean;
}

/** A webhook is not sent where it was addressed to. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
}

/**
 * Why no webhook goes to a URL, as far as its text tells; null when one may. What its name leads to
 * is looked at again each time a connection is made.
 */
export function urlProblem(text: string, rule: AddressRule): string | null {
  const url = text.length <= 2_000 ? URL.parse(text) : null;
  if (url === null) return 'expected a URL of at most 2000 characters';
  const host = hostOf(url);
  const isLocal = rule.allowLoopback && (host === 'localhost' || isLoopback(host));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    return 'expected https';
  }
  if (url.username !== '' || url.password !== '') return 'expected no user name or password in it';
  if (url.hash !== '') return 'expected nothing after a #';
  return isIP(host) === 0 ? null : addressProblem(host, rule);
}

/** Why no webhook goes to an address; null when one may. */
export function addressProblem(address: string, rule: AddressRule): string | null {
  if (isPublic(address)) return null;
  if (rule.allowLoopback && isLoopback(address)) return null;
  return `${address} is no address of the public internet`;
}

/** What may find addresses in place of the system. */
export type FindAddresses = (
  hostname: string,
  options: { readonly all: true },
  found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Connects for undici, to public addresses only: a name is refused when any of its addresses is
 * none, and the socket's other end is looked at once more before anything is written to it.
 */
export function guardedConnector(
  rule: AddressRule,
  timeoutMs: number,
  find: FindAddresses = systemLookup,
): buildConnector.connector {
  const lookup: LookupFunction = (hostname, options, done) => {
    find(hostname, { all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const problem = addresses.map(({ address }) => addressProblem(address, rule)).find(Boolean);
      const [first] = addresses;
      if (problem) return done(new ForbiddenAddress(`${hostname} leads to ${problem}`), '');
      if (!first) return done(new Error(`${hostname} has no address`), '');
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ timeout: timeoutMs, lookup, allowH2: false });
  return (options, done) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    const literal = isIP(host) === 0 ? null : addressProblem(host, rule);
    if (literal !== null) return done(new ForbiddenAddress(literal), null);
    connect(options, (error, socket) => {
      if (error) return done(error, null);
      const problem = addressProblem(socket.remoteAddress ?? 'an unknown address', rule);
      if (problem === null) return done(null, socket);
      socket.destroy();
      return done(new ForbiddenAddress(`${host} led to ${problem}`), null);
    });
  };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function isPublic(address: string): boolean {
  if (isIPv4(address)) return !reserved.check(address, 'ipv4');
  if (isIP(address) === 0) return false;
  const mapped = mappedIpv4(address);
  if (mapped !== null) return !reserved.check(mapped, 'ipv4');
  return globalUnicast.check(address, 'ipv6') && !reserved.check(address, 'ipv6');
}

function isLoopback(address: string): boolean {
  if (isIPv4(address)) return address.startsWith('127.');
  const mapped = isIP(address) === 6 ? mappedIpv4(address) : null;
  return mapped === null ? address === '::1' : mapped.startsWith('127.');
}

/** The address of version 4 in `::ffff:…`, which leads there. */
function mappedIpv4(address: string): string | null {
  const text = URL.parse(`http://[${address.split('%')[0]}]/`)?.hostname ?? '';
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return null;
  const bits = Number.parseInt(high, 16) * 0x1_00_00 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join('.');
}

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** What IANA keeps for special purposes, and what leads to addresses of version 4 by way of others. */
const reserved = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv6');
}
