const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Waits before the second try and each one after it, in milliseconds: ten tries in a good three days. */
export const retrySchedule: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** Longest that a consumer's own `Retry-After` is listened to, in milliseconds. */
const mostRetryAfterMs = 24 * hour;

/**
 * How long to wait after so many failed tries, in milliseconds; null when that was the last. A
 * consumer may ask for longer. Up to a tenth is added, so that what failed together does not come
 * back together.
 */
export function waitAfter(
  failed: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number | null {
  const wait = retrySchedule[failed - 1];
  if (wait === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, mostRetryAfterMs);
  return Math.round(Math.max(wait, asked) * (1 + random() / 10));
}

/** What a `Retry-After` header asks for, in milliseconds; null when it asks for nothing. */
export function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * second;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
