/** Shortest time between two notes of one job's progress, in milliseconds. */
const progressEveryMs = 200;

/** Notes how far a job is, a few times a second at most. */
export class Progress {
  readonly #write: (share: number) => void;
  #share: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(write: (share: number) => void) {
    this.#write = write;
  }

  note(share: number): void {
    this.#share = Math.min(1, Math.max(0, share));
    if (this.#timer || this.#stopped) return;
    this.#flush();
    this.#timer = setInterval(() => this.#flush(), progressEveryMs);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #flush(): void {
    if (this.#share !== null && !Number.isNaN(this.#share)) this.#write(this.#share);
    this.#share = null;
  }
}
