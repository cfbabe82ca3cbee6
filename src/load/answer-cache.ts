import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ClientIdentity, Viewer } from '../request.ts';
import type { AnswerPolicy } from './answer-policy.ts';
import type { Caches, TaggedCache } from './caches.ts';
import { stableText } from './stable-text.ts';
import { TagIndex } from './tag-index.ts';
import { viewerKey } from './viewer-key.ts';

/** Everything that an answer depends on, but who asks. */
export interface AnswerKeyParts {
  readonly bff: string;
  readonly schemaHash: string;
  /** The document's hash and the operation's name. */
  readonly operation: string;
  readonly variables: unknown;
  /** As resolvers and backends see it. */
  readonly locale: string | null;
  readonly client: ClientIdentity;
}

/** One read that may be answered from the cache. Never a mutation, never a subscription. */
export interface AnswerRequest {
  readonly key: AnswerKey;
  readonly viewer: Viewer | null;
}

export interface AnswerKey {
  readonly text: string;
  /** The operation whatever its variables: reads of it are expected to be as public as the last one. */
  readonly operation: string;
}

export interface KeptAnswer {
  /** Its JSON text in UTF-8, as it goes on the wire. Not to be changed. */
  readonly body: Buffer;
  readonly scope: 'public' | 'viewer';
  /** How much longer it may be kept, in milliseconds. */
  readonly remainingMs: number;
}

/** What running an operation came to: the text of an answer without errors, or anything else. */
export type Executed<Failed> = { readonly policy: AnswerPolicy } & (
  | { readonly text: string }
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
  /** In milliseconds. @default performance.now */
  readonly now?: () => number;
}

interface Entry {
  readonly body: Buffer;
  readonly scope: 'public' | 'viewer';
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

interface Flight {
  readonly landed: Promise<Landed<unknown>>;
  /** Whose it is, when it turns out not to be public. */
  readonly scopeKey: string;
  waiting: number;
  readonly left: AbortController;
}

interface Landed<Failed> {
  readonly executed: Executed<Failed>;
  readonly body: Buffer;
  readonly remainingMs: number;
}

/**
 * Whole answers as bodies: public ones once for everyone, others once for each viewer with the same
 * rights. Answers with errors, stale or undeclared parts are never kept.
 */
export class AnswerCache implements TaggedCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #index = new TagIndex();
  readonly #flights = new Map<string, Flight>();
  /** Operations whose last answer was public. */
  readonly #publicOperations = new LRUCache<string, true>({ max: 10_000 });
  readonly #caches: Caches;
  readonly #now: () => number;

  constructor({ caches, maxBytes = 64 * 1024 * 1024, now }: AnswerCacheOptions) {
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      dispose: ({ tags }, id) => this.#index.remove(tags, id),
    });
    this.#caches = caches;
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
   * all who ask for the same at the same moment; its signal aborts when all of them have left. Any
   * other runs for whoever asks, and what their loads may share is for the loads to say.
   * Fails: the reason of `signal` for who leaves; what `execute` rejects with, for everyone.
   */
  run<Failed>(
    request: AnswerRequest & { readonly signal: AbortSignal },
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): Promise<Answered<Failed>> {
    const kept = this.get(request);
    if (kept !== undefined) return Promise.resolve({ ...kept, shared: false });
    const { key, viewer, signal } = request;
    const scopeKey = viewerKey(viewer);
    return this.#publicOperations.get(key.operation) === true
      ? this.#join(key, scopeKey, signal, execute)
      : this.#alone(key, scopeKey, signal, execute);
  }

  drop(tags: readonly string[] | null): void {
    for (const id of this.#index.idsOf(tags)) this.#entries.delete(id);
    // What goes into an answer on its way is not known yet: the next one asks anew.
    this.#flights.clear();
  }

  async #alone<Failed>(
    key: AnswerKey,
    scopeKey: string,
    signal: AbortSignal,
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): Promise<Answered<Failed>> {
    signal.throwIfAborted();
    const startedAt = this.#now();
    const moment = this.#caches.invalidations.now;
    const executed = await execute(signal);
    signal.throwIfAborted();
    if ('failed' in executed) return { failed: executed.failed, shared: false };
    const body = Buffer.from(executed.text);
    const remainingMs = this.#keep(key, scopeKey, body, executed.policy, startedAt, moment);
    return { body, scope: executed.policy.scope, remainingMs, shared: false };
  }

  async #join<Failed>(
    key: AnswerKey,
    scopeKey: string,
    signal: AbortSignal,
    execute: (signal: AbortSignal) => Promise<Executed<Failed>>,
  ): Promise<Answered<Failed>> {
    signal.throwIfAborted();
    const id = key.text;
    const known = this.#flights.get(id);
    const flight = known ?? this.#start(key, id, scopeKey, execute);
    // Whoever shares an id was given an `execute` with the same failures.
    const { executed, body, remainingMs } = (await this.#wait(
      id,
      flight,
      signal,
    )) as Landed<Failed>;
    const shared = known !== undefined;
    const { scope } = executed.policy;
    if (flight.scopeKey !== scopeKey && scope !== 'public') {
      // It was expected to be public, and is somebody else's.
      return this.#alone(key, scopeKey, signal, execute);
    }
    if ('failed' in executed) return { failed: executed.failed, shared };
    return { body, scope, remainingMs, shared };
  }

  #start(
    key: AnswerKey,
    id: string,
    scopeKey: string,
    execute: (signal: AbortSignal) => Promise<Executed<unknown>>,
  ): Flight {
    const left = new AbortController();
    const startedAt = this.#now();
    const moment = this.#caches.invalidations.now;
    const landed = Promise.resolve()
      .then(() => execute(left.signal))
      .then((executed) => {
        if ('failed' in executed) return { executed, body: noBody, remainingMs: 0 };
        const body = Buffer.from(executed.text);
        const { policy } = executed;
        const remainingMs = this.#keep(key, scopeKey, body, policy, startedAt, moment);
        return { executed, body, remainingMs };
      })
      .finally(() => this.#land(id, flight));
    landed.catch(() => {}); // those who wait hear of it
    const flight: Flight = { landed, scopeKey, waiting: 0, left };
    this.#flights.set(id, flight);
    return flight;
  }

  /** Returns how much longer the answer may be kept, in milliseconds; 0 when it is not. */
  #keep(
    key: AnswerKey,
    scopeKey: string,
    body: Buffer,
    policy: AnswerPolicy,
    startedAt: number,
    moment: number,
  ): number {
    const { scope, lifetimeMs, tags } = policy;
    if (scope === 'public') this.#publicOperations.set(key.operation, true);
    else this.#publicOperations.delete(key.operation);
    const expiresAt = startedAt + lifetimeMs;
    const remainingMs = expiresAt - this.#now();
    if (remainingMs <= 0 || this.#caches.invalidations.since(moment, tags)) return 0;
    const id = scope === 'public' ? key.text : key.text + scopeKey;
    const entry: Entry = { body, scope, expiresAt, tags };
    const size = body.length + id.length + tags.length * 64 + 256;
    this.#entries.set(id, entry, { size });
    if (tags.length > 0 && this.#entries.peek(id) === entry) this.#index.add(tags, id);
    return remainingMs;
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

const noBody = Buffer.alloc(0);

/** The key of a read. Long variables are hashed. */
export function answerKey(parts: AnswerKeyParts): AnswerKey {
  const { bff, schemaHash, operation, variables, locale, client } = parts;
  const ofOperation = stableText([bff, schemaHash, operation]);
  const ofRequest = stableText([variables ?? null, locale, client.name, client.version]);
  const short =
    ofRequest.length <= 200
      ? ofRequest
      : createHash('sha256').update(ofRequest).digest('base64url');
  return { text: `${ofOperation}${short}`, operation: ofOperation };
}
