/**
 * How long a message can be kept back at once where a broker only knows fixed delays, in
 * milliseconds. A longer wait goes through several, a shorter one through the least.
 */
export const delayTiers: readonly number[] = [
  86_400_000, 3_600_000, 300_000, 30_000, 5_000, 1_000, 200,
];

/** The longest delay that does not bring it too late; null when it is due. */
export function tierOf(remainingMs: number): number | null {
  if (remainingMs <= 0) return null;
  return delayTiers.find((tier) => tier <= remainingMs) ?? delayTiers.at(-1) ?? null;
}
