import type { AnswerHeaders } from '../backend/backend.ts';

/**
 * How long an answer may be kept, by its `Cache-Control` and `Age`, in milliseconds: infinite when
 * it says nothing, 0 when it must not be kept. `private` forbids only a cache that is public.
 */
export function longestLifetimeMs(headers: AnswerHeaders, scope: 'public' | 'viewer'): number {
  const header = headers['cache-control'];
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const directives = String(header).toLowerCase();
  if (/\bno-(store|cache)\b/.test(directives)) return 0;
  if (scope === 'public' && /\bprivate\b/.test(directives)) return 0;
  const maxAge =
    (scope === 'public' ? /\bs-maxage=(\d+)/.exec(directives) : null) ??
    /\bmax-age=(\d+)/.exec(directives);
  if (maxAge === null) return Number.POSITIVE_INFINITY;
  const ageSeconds = Number(headers['age'] ?? 0) || 0;
  return Math.max(0, Number(maxAge[1]) - ageSeconds) * 1_000;
}
