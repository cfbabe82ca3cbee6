import type { AnswerPolicy } from './answer-policy.ts';
import type { KeptAnswer } from './answer-cache.ts';

/**
 * `Cache-Control` for an answer, from what was kept of it or `{ scope, lifetimeMs }` of its policy:
 * whole seconds, rounded down; `no-store` when it may not be kept at all.
 */
export function cacheControlOf(
  answer: Pick<KeptAnswer, 'scope' | 'remainingMs'> | Pick<AnswerPolicy, 'scope' | 'lifetimeMs'>,
): string {
  const ms = 'remainingMs' in answer ? answer.remainingMs : answer.lifetimeMs;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 1) return 'no-store';
  return `${answer.scope === 'public' ? 'public' : 'private'}, max-age=${seconds}`;
}
