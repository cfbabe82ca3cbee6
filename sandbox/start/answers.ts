import { setTimeout as sleep } from 'node:timers/promises';
import type { Part } from './parts.ts';
import { originOf, type Ports } from './ports.ts';

const askAgainMs = 50;
const answerWithinMs = 1_000;

/**
 * Resolves when a BFF answers at /graphql and says on its admin port that it is ready; fails with the
 * signal's reason.
 */
export async function bffAnswers(part: Part, ports: Ports, signal: AbortSignal): Promise<void> {
  const origin = (passedAs: string) => {
    const port = part.ports.find((candidate) => candidate.passedAs === passedAs);
    return originOf(port && ports.get(port.variable));
  };
  await until(signal, async (within) => {
    // A page, not a query: it shows as well that the door is open, and leaves no line in the log.
    const [page, ready] = await Promise.all([
      fetch(`${origin('PORT')}/graphql`, { headers: { accept: 'text/html' }, signal: within }),
      fetch(`${origin('ADMIN_PORT')}/readyz`, { signal: within }),
    ]);
    await Promise.all([page.arrayBuffer(), ready.arrayBuffer()]);
    // In production there is no page, and saying so is an answer too.
    return page.status < 500 && ready.ok;
  });
}

async function until(signal: AbortSignal, ask: (within: AbortSignal) => Promise<boolean>) {
  while (true) {
    signal.throwIfAborted();
    const within = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    // Refused and unanswered connections are what waiting is for.
    if (await ask(within).catch(() => false)) return;
    await sleep(askAgainMs, undefined, { signal });
  }
}
