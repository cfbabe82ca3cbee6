import { isAscii } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../request.ts';
import type { AnswerKey } from './answer-key.ts';
import type { AnswerPolicy } from './answer-policy.ts';
import type { Caches, TaggedCache } from './caches.ts';
import type { MaybePromise } from './batch.ts';
import { TagIndex } from './tag-index.ts';
import { viewerKey } from './viewer-key.ts';

/** One read that may be answered from the cache. Never a mutation, never a subscription. */
export interface AnswerRequest {
  readonly key: AnswerKey;
  readonly viewer: Viewer | null;
}

/** JSON, as bytes in UTF-8 or as a text that knows how many they will be. */
export interface JsonBody {
  readonly byteLength: number;
  toString(): string;
}

/**
 * Longer ones are sent as bytes, shorter ones as text: with its headers Node writes a text of up to
 * 16 KiB in one piece and without allotting anything, for 0.85 of the CPU that bytes cost at 3 KB and
 * 0.88 at 13 KB; at 40 KB it is 1.11, at 130 KB 1.32.
 */
export const longestText = 15 * 1024;

export interface KeptAnswer {
  /** Not to be changed where it is a Buffer. */
  readonly body: JsonBody;
  readonly scope: 'public' | 'viewer';
  /** How much longer it may be kept, in milliseconds. */
  readonly remainingMs: number;
}

/** What running an operation came to: the body of an answer without errors, or anything else. */
export type Executed<Failed> = { readonly policy: AnswerPolicy } & (
  | { readonly body: JsonBody }
  | { readonly failed: Failed }
);

/** `shared`: it was run for another request that asked at the same moment. */
export type Answered<Failed> = (KeptAnswer | { readonly failed: Failed }) & {
  readonly shared: boolean;
};

export interface AnswerCacheOptions {
  /** Whose invalidations it hears. */
  readonly caches: Caches;
  /** Of all bodies, in bytes. @default 64 MiB */
  readonly maxBytes?: number;
  /**
   * How long after its start an execution is shared with who asks then, in milliseconds: they share
   * its deadline as well. @default Infinity
   */
  readonly shareableMs?: number;
  /** In milliseconds. @default performance.now */
  readonly now?: () => number;
}

interface Entry {
  readonly body: JsonBody;
  readonly scope: 'public' | 'viewer';
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

interface Flight {
  readonly startedAt: number;
  readonly landed: Promise<Landed<unknown>>;
  /** Whose it is, when it turns out not to be public. */
  readonly scopeKey: string;
  waiting: number;
  readonly left: AbortController;
}

interface Landed<Failed> {
  readonly scope: 'public' | 'viewer';
  readonly answer: KeptAnswer | { readonly failed: Failed };
}

/**
 * Whole answers as bodies: public ones once for everyone, others once for each viewer with the same
 * rights. Answers with errors, stale or undeclared parts are never kept.
 */
export class AnswerCache implements TaggedCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #index = new TagIndex();
  readonly #flights = new Map<string, Flight>();
  /** How far the last answer of an operation could be kept: the next one is expected to be the same. */
  readonly #lastScopes = new LRUCache<string, 'public' | 'viewer' | 'none'>({ max: 10_000 });
  readonly #caches: Caches;
  readonly #shareableMs: number;
  readonly #now: () => number;

  constructor(options: AnswerCacheOptions) {
    const { caches, maxBytes = 64 * 1024 * 1024, now } = options;
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      dispose: ({ tags }, id) => this.#index.remove(tags, id),
    });
    this.#caches = caches;
    this.#shareableMs = options.shareableMs ?? Number.POSITIVE_INFINITY;
    this.#now = now ?? (() => performance.now());
    caches.join(this);
  }

  /** Bytes kept now. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** An answer at hand. */
  get({ key, viewer }: AnswerRequest): KeptAnswer | undefined {
    return this.#read(key.text) ?? this.#read(key.text + viewerKey(viewer));
  }

  /**
   * An answer at hand, or that of `execute`. An operation whose last answer was public runs once for
   * all who ask for the same at the same moment, or not long after it has begun; its signal aborts
   * when all of them have left. Any other runs for whoever asks, and what their loads may share is for the loads to say.
   * The waiter's signal is read only when the answer is not at hand.
   * Fails: the reason of the signal for who leaves; what `execute` rejects with, for everyone.
   */
  run<Failed>(
    request: AnswerRequest & { readonly waiter: { readonly signal: AbortSignal } },
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): MaybePromise<Answered<Failed>> {
    const { key, viewer } = request;
    const last = this.#lastScopes.get(key.operation);
    const kept = last === 'none' ? undefined : this.get(request);
    if (kept !== undefined) return { ...kept, shared: false };
    return last === 'public'
      ? this.#join(key, viewer, request.waiter.signal, execute)
      : this.#alone(key, viewer, request.waiter.signal, execute);
  }

  drop(tags: readonly string[] | null): void {
    for (const id of this.#index.idsOf(tags)) this.#entries.delete(id);
    // What goes into an answer on its way is not known yet: the next one asks anew.
    this.#flights.clear();
  }

  async #alone<Failed>(
    key: AnswerKey,
    viewer: Viewer | null,
    signal: AbortSignal,
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): Promise<Answered<Failed>> {
    signal.throwIfAborted();
    const startedAt = this.#now();
    const moment = this.#caches.invalidations.now;
    const executed = await execute(signal);
    signal.throwIfAborted();
    return { ...this.#answer(key, viewer, executed, startedAt, moment), shared: false };
  }

  async #join<Failed>(
    key: AnswerKey,
    viewer: Viewer | null,
    signal: AbortSignal,
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): Promise<Answered<Failed>> {
    signal.throwIfAborted();
    const id = key.text;
    const known = this.#shareable(id);
    const flight = known ?? this.#start(key, viewer, execute);
    // Whoever shares an id was given an `execute` with the same failures.
    const { scope, answer } = (await this.#wait(id, flight, signal)) as Landed<Failed>;
    if (scope !== 'public' && flight.scopeKey !== viewerKey(viewer)) {
      // It was expected to be public, and is somebody else's.
      return this.#alone(key, viewer, signal, execute);
    }
    return { ...answer, shared: known !== undefined };
  }

  /** Who asks late would have too little left of its deadline; one more run is for all of those. */
  #shareable(id: string): Flight | undefined {
    const flight = this.#flights.get(id);
    if (flight === undefined) return undefined;
    return this.#now() - flight.startedAt <= this.#shareableMs ? flight : undefined;
  }

  #start(
    key: AnswerKey,
    viewer: Viewer | null,
    execute: (signal: AbortSignal) => Promise<Executed<unknown>>,
  ): Flight {
    const id = key.text;
    const left = new AbortController();
    const startedAt = this.#now();
    const moment = this.#caches.invalidations.now;
    const landed = Promise.resolve()
      .then(() => execute(left.signal))
      .then((executed) => ({
        scope: executed.policy.scope,
        answer: this.#answer(key, viewer, executed, startedAt, moment),
      }))
      .finally(() => this.#land(id, flight));
    landed.catch(() => {}); // those who wait hear of it
    const scopeKey = viewerKey(viewer);
    const flight: Flight = { startedAt, landed, scopeKey, waiting: 0, left };
    this.#flights.set(id, flight);
    return flight;
  }

  /** What was executed, kept as long as its parts allow. */
  #answer<Failed>(
    key: AnswerKey,
    viewer: Viewer | null,
    executed: Executed<Failed>,
    startedAt: number,
    moment: number,
  ): KeptAnswer | { readonly failed: Failed } {
    if ('failed' in executed) return { failed: executed.failed };
    const { scope, lifetimeMs } = executed.policy;
    const answer = { body: executed.body, scope, remainingMs: 0 };
    this.#expect(key.operation, scope === 'viewer' && lifetimeMs <= 0 ? 'none' : scope);
    if (lifetimeMs <= 0) return answer;
    const { tags } = executed.policy;
    const expiresAt = startedAt + lifetimeMs;
    const remainingMs = expiresAt - this.#now();
    if (remainingMs <= 0 || this.#caches.invalidations.since(moment, tags)) return answer;
    const id = scope === 'public' ? key.text : key.text + viewerKey(viewer);
    const body = bodyToKeep(executed.body);
    const entry: Entry = { body, scope, expiresAt, tags };
    const size = body.byteLength + id.length + tags.length * 64 + 256;
    this.#entries.set(id, entry, { size });
    if (tags.length > 0 && this.#entries.peek(id) === entry) this.#index.add(tags, id);
    return { body, scope, remainingMs };
  }

  #expect(operation: string, scope: 'public' | 'viewer' | 'none'): void {
    if (this.#lastScopes.get(operation) !== scope) this.#lastScopes.set(operation, scope);
  }

  /** Until it lands or the signal aborts; the last to leave ends it. */
  #wait(id: string, flight: Flight, signal: AbortSignal): Promise<Landed<unknown>> {
    flight.waiting += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        flight.waiting -= 1;
        if (flight.waiting === 0) {
          this.#land(id, flight);
          flight.left.abort(signal.reason);
        }
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      flight.landed.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
    });
  }

  #land(id: string, flight: Flight): void {
    if (this.#flights.get(id) === flight) this.#flights.delete(id);
  }

  #read(id: string): KeptAnswer | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const remainingMs = entry.expiresAt - this.#now();
    if (remainingMs > 0) return { body: entry.body, scope: entry.scope, remainingMs };
    this.#entries.delete(id);
    return undefined;
  }
}

/** As it is sent fastest. */
function bodyToKeep(body: JsonBody): JsonBody {
  if (body instanceof Buffer) return body;
  const { byteLength } = body;
  const bytes = Buffer.from(body.toString());
  if (byteLength > longestText || !isAscii(bytes)) return bytes;
  // Read anew it is one row of letters, and no longer what it was joined of.
  const text = bytes.toString('latin1');
  return { byteLength, toString: () => text };
}
