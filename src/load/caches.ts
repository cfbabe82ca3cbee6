import type { LiveBackend } from '../backend/backend.ts';
import type { RequestContext } from '../request.ts';
import { Invalidations } from './invalidations.ts';
import type { SharedStore } from './shared-store.ts';

/** Something that keeps tagged entries. */
export interface TaggedCache {
  /** Drops what has any of the tags; with null, what has any tag at all. */
  drop(tags: readonly string[] | null): void;
}

export interface CachesOptions {
  readonly backends: Iterable<LiveBackend>;
  /** @default none: nothing is shared with other instances */
  readonly store?: SharedStore;
}

/** What the caches of one server have in common: its shared store, and word of invalidated tags. */
export class Caches {
  readonly store: SharedStore | null;
  readonly invalidations = new Invalidations();
  readonly #members = new Set<TaggedCache>();
  readonly #identities = new Set<string>();

  constructor(store: SharedStore | null) {
    this.store = store;
    store?.onInvalidate((tags) => this.#drop(tags));
  }

  join(member: TaggedCache): void {
    this.#members.add(member);
  }

  /** A name in the shared store. Fails: Error when another batch has it. */
  claim(identity: string, batch: string): void {
    if (this.#identities.has(identity)) {
      throw new Error(
        `two batches are named "${batch}" and load alike: their values would be mixed up in the shared store; give each a name of its own`,
      );
    }
    this.#identities.add(identity);
  }

  /**
   * Drops everything with any of the tags: here at once, in other instances within about 100 ms.
   * What is being fetched with such a tag is answered, but not kept. Resolves when the shared store
   * knows; never rejects.
   */
  async invalidate(tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    this.#drop(tags);
    await this.store?.invalidate(tags);
  }

  async close(): Promise<void> {
    await this.store?.close();
  }

  #drop(tags: readonly string[] | null): void {
    this.invalidations.note(tags);
    for (const member of this.#members) member.drop(tags);
  }
}

const cachesKey = {};

/** Makes one room of the backends' caches, with or without a shared store. Close it with its server. */
export function createCaches({ backends, store }: CachesOptions): Caches {
  const caches = new Caches(store ?? null);
  for (const { shared } of backends) shared.set(cachesKey, caches);
  return caches;
}

/** The caches that a running backend belongs to; its own when no server made any. */
export function cachesOf({ shared }: LiveBackend): Caches {
  // Only this file writes under its key.
  let caches = shared.get(cachesKey) as Caches | undefined;
  if (caches === undefined) shared.set(cachesKey, (caches = new Caches(null)));
  return caches;
}

/** A load's memory within one operation. */
export interface TaggedMemo {
  forgetTagged(): void;
}

/**
 * Drops every cached value with any of the tags (`Airport:ATL`), in this operation, this process
 * and all other instances: after a mutation, an event, a webhook. Done here when it returns;
 * resolves when the shared store knows too, and never rejects.
 */
export async function invalidate(context: RequestContext, tags: readonly string[]): Promise<void> {
  for (const memo of context.memo.values()) if (isTaggedMemo(memo)) memo.forgetTagged();
  const all = new Set<Caches>();
  for (const live of context.backends.values()) all.add(cachesOf(live));
  await Promise.all([...all].map((caches) => caches.invalidate(tags)));
}

function isTaggedMemo(memo: unknown): memo is TaggedMemo {
  return typeof memo === 'object' && memo !== null && 'forgetTagged' in memo;
}
