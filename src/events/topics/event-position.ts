/**
 * Where one subscription is in the topics that it reads: filled by them as it reads, told to its
 * client by the server, and given back by the client after a reconnect.
 */
export class EventPosition {
  readonly #resumeAfter: ReadonlyMap<string, string>;
  /** By topic: the part of the cursor that is about it. */
  readonly #places = new Map<string, string>();
  #last: string | null = null;
  #isGap = false;
  #missed: (() => void) | undefined;
  #overrun: (() => void) | undefined;

  /** @param resumeAfter what a `cursor` said before; what cannot be read resumes nothing, which is a gap */
  constructor(resumeAfter: string | null = null) {
    this.#resumeAfter = new Map(resumeAfter === null ? [] : entriesOf(resumeAfter));
    this.#isGap = resumeAfter !== null && this.#resumeAfter.size === 0;
  }

  /** Where a topic was left, or null. */
  resumeAfter(topic: string): string | null {
    return this.#resumeAfter.get(topic) ?? null;
  }

  /** An event of a topic is handed over, whose `placeOf` it is. */
  moved(topic: string, place: string | null): void {
    if (place === null) return;
    this.#places.set(topic, place);
    this.#last = place;
  }

  /** Where all topics of this subscription are now; null while there is nothing to go back to. */
  get cursor(): string | null {
    return this.#places.size > 1 ? [...this.#places.values()].join(',') : this.#last;
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
    this.#missed?.();
  }

  /** What to do as soon as events were missed. */
  onMissed(listener: () => void): void {
    this.#missed = listener;
  }

  /** Whether events were missed since it was last asked. */
  takeGap(): boolean {
    const wasGap = this.#isGap;
    this.#isGap = false;
    return wasGap;
  }
}

/** A place in one topic, as a cursor says it. */
export function placeOf(topic: string, cursor: string): string {
  return `${topic}=${cursor}`;
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
