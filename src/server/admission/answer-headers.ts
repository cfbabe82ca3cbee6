/**
 * What every answer says, whatever answers: no guessing of its type, nothing kept unless it says so
 * itself, no page of ours told to others, and no page around it.
 */
export const answerHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** Adds them where an answer does not say otherwise. */
export function addAnswerHeaders(headers: Headers): void {
  // Yoga lets event streams be kept, as long as somebody asks whether they changed.
  if (headers.get('content-type')?.startsWith('text/event-stream')) {
    headers.set('cache-control', 'no-store');
  }
  for (const [name, value] of Object.entries(answerHeaders)) {
    if (!headers.has(name)) headers.set(name, value);
  }
}
