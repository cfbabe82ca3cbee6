/**
 * Where one subscription is in the topics that it reads: filled by them as it reads, told to its
 * client by the server, and given back by the client after a reconnect.
 */
export class EventPosition {
  readonly #resumeAfter: ReadonlyMap<string, string>;
  readonly #cursors = new Map<string, string>();
  #gap: PromiseWithResolvers<void> | undefined;
  #isGap = false;
  #overrun: (() => void) | undefined;

  /** @param resumeAfter what a `cursor` said before; what cannot be read resumes nothing */
  constructor(resumeAfter: string | null = null) {
    this.#resumeAfter = new Map(resumeAfter === null ? [] : entriesOf(resumeAfter));
  }

  /** Where a topic was left, or null. */
  resumeAfter(topic: string): string | null {
    return this.#resumeAfter.get(topic) ?? null;
  }

  /** An event of a topic is handed over. */
  moved(topic: string, cursor: string | null): void {
    if (cursor !== null) this.#cursors.set(topic, cursor);
  }

  /** Where all topics of this subscription are now; null while there is nothing to go back to. */
  get cursor(): string | null {
    if (this.#cursors.size === 0) return null;
    return [...this.#cursors].map(([topic, cursor]) => `${topic}=${cursor}`).join(',');
  }

  /** More waits for this subscription than may. */
  overrun(): void {
    this.#overrun?.();
  }

  /** What to do when its client does not keep up. */
  onOverrun(hangUp: () => void): void {
    this.#overrun = hangUp;
  }

  /** Events may have been missed. */
  missed(): void {
    this.#isGap = true;
    this.#gap?.resolve();
  }

  /** Whether events were missed since it was last asked. */
  takeGap(): boolean {
    const wasGap = this.#isGap;
    this.#isGap = false;
    return wasGap;
  }

  /** Resolves when events were missed, at once when that has not been taken yet. */
  gap(): Promise<void> {
    if (this.#isGap) return Promise.resolve();
    this.#gap = Promise.withResolvers();
    return this.#gap.promise;
  }
}

/** Longer ones are nothing that we said. */
const longestCursor = 2_000;

function entriesOf(text: string): (readonly [string, string])[] {
  if (text.length > longestCursor) return [];
  return text.split(',').flatMap((entry) => {
    const match = /^([\w.-]+)=([\w.:-]+)$/.exec(entry);
    return match?.[1] && match[2] ? [[match[1], match[2]] as const] : [];
  });
}
