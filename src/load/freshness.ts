import type { AnswerHeaders } from '../backend/backend.ts';

/** What an answer's headers allow whoever keeps it. */
export interface Freshness {
  /** In milliseconds: infinite when the answer says nothing, 0 when it must be asked for again. */
  readonly lifetimeMs: number;
  /** Whether it may be answered after its lifetime (`must-revalidate` forbids it). */
  readonly mayBeStale: boolean;
  /** Whether it may be kept at all, be it only to be revalidated. */
  readonly storable: boolean;
  /** Whether it is another one for another `Accept-Language`. */
  readonly variesByLanguage: boolean;
}

/** Nothing is said: gRPC, and REST without a word about caching. */
export const unsaid: Freshness = {
  lifetimeMs: Number.POSITIVE_INFINITY,
  mayBeStale: true,
  storable: true,
  variesByLanguage: false,
};

/** Request headers that are the same on each of our calls, so that varying by them means nothing. */
const constant = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'content-type',
  'host',
  'origin',
  'user-agent',
  'access-control-request-headers',
  'access-control-request-method',
]);

/**
 * What `Cache-Control`, `Expires`, `Age` and `Vary` allow. `private` forbids only a cache that is
 * public; so does varying by a header that tells viewers apart. Varying by anything else than the
 * language forbids keeping it.
 */
export function freshnessOf(headers: AnswerHeaders, scope: 'public' | 'viewer'): Freshness {
  const control = headers['cache-control'];
  const { vary, expires } = headers;
  if (control === undefined && vary === undefined && expires === undefined) return unsaid;
  const directives = String(control ?? '').toLowerCase();
  const varying = varyingNames(vary);
  const variesByLanguage = varying.delete('accept-language');
  if (scope === 'viewer') for (const name of ['authorization', 'cookie']) varying.delete(name);
  const storable =
    varying.size === 0 &&
    !/\bno-store\b/.test(directives) &&
    !(scope === 'public' && /\bprivate\b/.test(directives));
  const revalidated = scope === 'public' ? /\b(must|proxy)-revalidate\b/ : /\bmust-revalidate\b/;
  return {
    lifetimeMs: storable ? lifetimeOf(directives, headers, scope) : 0,
    mayBeStale: !revalidated.test(directives),
    storable,
    variesByLanguage,
  };
}

function varyingNames(vary: AnswerHeaders[string]): Set<string> {
  const names = new Set<string>();
  if (vary === undefined) return names;
  for (const part of String(vary).toLowerCase().split(',')) {
    const name = part.trim();
    if (name !== '' && !constant.has(name)) names.add(name);
  }
  return names;
}

function lifetimeOf(directives: string, headers: AnswerHeaders, scope: 'public' | 'viewer') {
  if (/\bno-cache\b/.test(directives)) return 0;
  const maxAge =
    (scope === 'public' ? /\bs-maxage="?(\d+)/.exec(directives) : null) ??
    /\bmax-age="?(\d+)/.exec(directives);
  const ageMs = (Number(headers['age'] ?? 0) || 0) * 1_000;
  if (maxAge !== null) return Math.max(0, Number(maxAge[1]) * 1_000 - ageMs);
  if (headers['expires'] === undefined) return Number.POSITIVE_INFINITY;
  const sentAt = Date.parse(String(headers['date'] ?? ''));
  const expiresAt = Date.parse(String(headers['expires'])); // `0` and other nonsense: in the past
  if (Number.isNaN(expiresAt) || Number.isNaN(sentAt)) return 0;
  return Math.max(0, expiresAt - sentAt - ageMs);
}
