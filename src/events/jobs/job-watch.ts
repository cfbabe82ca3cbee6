import { isFinished } from './job-changes.ts';
import type { JobRecord, JobStore } from './job-store.ts';

export interface JobWatchOptions {
  readonly store: Pick<JobStore, 'read'>;
  /** How often changes of other processes are looked for, in milliseconds. */
  readonly everyMs: number;
}

interface Follower {
  readonly id: string;
  version: number;
  /** The newest that was not read yet: a slow reader misses steps, never the end. */
  latest: JobRecord | null;
  wake: () => void;
}

/** Tells followers how jobs change: at once when it happened here, at the next look otherwise. */
export class JobWatch {
  readonly #store: JobWatchOptions['store'];
  readonly #everyMs: number;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ store, everyMs }: JobWatchOptions) {
    this.#store = store;
    this.#everyMs = everyMs;
  }

  changed(record: JobRecord): void {
    for (const follower of this.#followers) {
      if (follower.id !== record.id || record.version <= follower.version) continue;
      follower.version = record.version;
      follower.latest = record;
      follower.wake();
    }
  }

  /** The job as it is, then each change; ends when it is finished, or with the signal. */
  async *follow(record: JobRecord, signal: AbortSignal): AsyncGenerator<JobRecord, void, void> {
    yield record;
    if (isFinished(record)) return;
    const follower: Follower = {
      id: record.id,
      version: record.version,
      latest: null,
      wake: () => {},
    };
    const leave = () => follower.wake();
    signal.addEventListener('abort', leave, { once: true });
    this.#followers.add(follower);
    this.#timer ??= setInterval(() => void this.#look(), this.#everyMs).unref();
    try {
      while (!signal.aborted && !this.#closed) {
        if (follower.latest === null) {
          await new Promise<void>((resolve) => (follower.wake = resolve));
          continue;
        }
        const seen: JobRecord = follower.latest;
        follower.latest = null;
        yield seen;
        if (isFinished(seen)) return;
      }
    } finally {
      signal.removeEventListener('abort', leave);
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#stop();
    }
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    for (const { wake } of this.#followers) wake();
  }

  async #look(): Promise<void> {
    for (const id of new Set([...this.#followers].map((follower) => follower.id))) {
      const record = await this.#store.read(id).catch(() => null); // the next look may have it
      if (record) this.changed(record);
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
