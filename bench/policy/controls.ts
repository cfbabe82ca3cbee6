/** What a bff in production profile does beside answering, as far as it can be switched off. */
export const controls = [
  'identity',
  'rate limits',
  'load shedding',
  'deadlines',
  'policy toward backends',
  'breaker',
  'retries',
  'ejection',
  'metrics',
  'log',
] as const;

export type Control = (typeof controls)[number];
