import { isBackendError } from '../error.ts';
import { type BatchAnswer, ask } from './ask.ts';
import type { BatchPlan } from './batch-plan.ts';
import type { Caches, TaggedCache } from './caches.ts';
import { ConditionalReads } from './conditional-reads.ts';
import { type CachedBatch, type Entry, EntityCache } from './entity-cache.ts';
import type { Asker, Flight, FlightAnswer, Moment, SharedKey } from './flight.ts';
import { unsaid } from './freshness.ts';
import { Invalidations } from './invalidations.ts';
import { StoredBatch } from './stored-batch.ts';

/** What all operations of a server share of one batch: values kept, and flights. */
export class SharedBatch implements TaggedCache {
  /**
   * Null until the first answer tells whether it varies by language; told apart until then. Calls of
   * gRPC, which can't tell, say no language.
   */
  variesByLanguage: boolean | null;
  readonly #plan: BatchPlan;
  readonly #caches: Caches;
  readonly #cache: EntityCache;
  readonly #flights = new Map<string, Flight>();
  readonly #forgotten = new Invalidations();
  readonly #stored: StoredBatch | null;
  readonly #conditional: ConditionalReads | undefined;
  readonly #leastTtlMs: number;

  constructor(plan: BatchPlan, options: CachedBatch, caches: Caches, now: () => number) {
    this.#plan = plan;
    this.#caches = caches;
    this.#cache = new EntityCache(options, now);
    this.#leastTtlMs = 0.9 * (options.ttlMs ?? 0);
    this.variesByLanguage = plan.backend.kind === 'grpc' ? false : null;
    const keeps = this.#leastTtlMs > 0;
    if (keeps && plan.backend.kind === 'rest') {
      const maxBytes = Math.ceil((options.maxBytes ?? 16 * 1024 * 1024) / 4);
      this.#conditional = new ConditionalReads(options.scope, maxBytes);
    }
    this.#stored = keeps ? StoredBatch.of(plan, caches) : null;
    if (plan.tagged || this.#stored !== null) caches.join(this);
  }

  now(): number {
    return this.#cache.now();
  }

  read(id: string, now: number): Entry | undefined {
    return this.#cache.read(id, now);
  }

  /** A value to answer instead of the error; undefined when there is none, or the error is the answer. */
  readInsteadOf(error: Error, id: string): unknown {
    const upstream = isBackendError(error) && /^(UPSTREAM_|CIRCUIT_|RATE_)/.test(error.code);
    return upstream ? this.#cache.readAfterError(id) : undefined;
  }

  /** The flight that already carries the key. */
  flightOf(id: string): Flight | undefined {
    return this.#flights.get(id);
  }

  /** Looks into the shared store first, once for all the keys; null where there is nothing to look into. */
  lookUp(asker: Asker, keys: readonly SharedKey[]): Flight | null {
    const stored = this.#stored;
    if (stored?.ready !== true) return null;
    const flight: Flight = {
      deadline: performance.now() + this.#plan.timeoutMs,
      moment: this.#moment(),
      answer: stored
        .read(asker.prefix(), keys, this.now())
        .then((found) => this.#found(asker.prefix(), keys, flight, found))
        .catch(failedAnswer)
        .finally(() => this.#land(flight, keys)),
      join() {},
      leave() {},
    };
    return this.#takeOff(flight, keys);
  }

  /** Asks for the keys, for whoever joins. What comes is kept as far as the backend lets it. */
  start(asker: Asker, keys: readonly SharedKey[], asOf: string | null): Flight {
    const left = new AbortController();
    const deadline = performance.now() + this.#plan.timeoutMs;
    let waiting = 0;
    const asked = ask(
      this.#plan,
      asker.context,
      keys.map(({ key }) => key),
      asker.args,
      { isShared: true, signal: left.signal, deadline },
      this.#conditional,
    );
    const flight: Flight = {
      deadline,
      moment: this.#moment(),
      answer: asked
        .then((answer) => this.#keep(asker, keys, flight, answer, asOf))
        .catch(failedAnswer)
        .finally(() => this.#land(flight, keys)),
      join() {
        waiting += 1;
      },
      leave: () => {
        waiting -= 1;
        if (waiting > 0) return;
        this.#land(flight, keys);
        left.abort();
      },
    };
    return this.#takeOff(flight, keys);
  }

  /** Drops the values, here and in other instances, and lets no flight bring older ones back. */
  forget(prefix: string, texts: readonly string[]): void {
    const stored = this.#stored;
    const ids = texts.map((text) => prefix + text);
    this.#forgotten.note(ids);
    for (const id of ids) {
      this.#cache.delete(id);
      this.#flights.delete(id);
    }
    const tags = texts.flatMap((text) => this.#plan.keyTags(text));
    if (stored !== null) tags.push(...texts.map((text) => stored.keyTag(prefix, text)));
    void this.#caches.invalidate(tags);
  }

  drop(tags: readonly string[] | null): void {
    this.#cache.drop(tags);
    // What tags a value in flight will have is not known yet: the next operation asks anew.
    this.#flights.clear();
  }

  #takeOff(flight: Flight, keys: readonly SharedKey[]): Flight {
    for (const { id } of keys) this.#flights.set(id, flight);
    return flight;
  }

  #land(flight: Flight, keys: readonly SharedKey[]): void {
    for (const { id } of keys) if (this.#flights.get(id) === flight) this.#flights.delete(id);
  }

  /** Gaps and errors are not kept: a key that comes to exist is seen at once. */
  #keep(
    asker: Asker,
    keys: readonly SharedKey[],
    flight: Flight,
    answer: BatchAnswer,
    asOf: string | null,
  ): FlightAnswer {
    if (answer.error !== null) return { ...answer, keepForMs: 0, tags: [] };
    const { lifetimeMs, mayBeStale, variesByLanguage } = answer.freshness;
    this.#learn(variesByLanguage);
    const prefix = asker.prefix();
    const tags: (readonly string[])[] = [];
    const fresh = [];
    for (const { id, text, key } of keys) {
      const value = answer.values.get(text);
      if (value === undefined || value === null || value instanceof Error) continue;
      const ofValue = this.#plan.tagsOf(value, key, text);
      if (ofValue.length > 0) tags.push(ofValue);
      const keyTag = this.#stored?.keyTag(prefix, text) ?? null;
      if (!this.#mayKeep(id, flight, ofValue, keyTag)) continue;
      const entry = { value, mayBeStale, tags: ofValue, keyTag };
      const ttlMs = this.#cache.write(prefix + text, lifetimeMs, entry);
      if (ttlMs > 0) fresh.push({ text, value, ttlMs, tags: ofValue });
    }
    if (asOf !== null) this.#stored?.write(prefix, fresh, this.now(), asOf);
    return { ...answer, keepForMs: Math.min(this.#leastTtlMs, lifetimeMs), tags };
  }

  /** Values of the shared store become ours, for what is left of their lifetime. */
  #found(
    prefix: string,
    keys: readonly SharedKey[],
    flight: Flight,
    found: Awaited<ReturnType<StoredBatch['read']>>,
  ): FlightAnswer {
    const values = new Map<string, unknown>();
    const tags: (readonly string[])[] = [];
    let keepForMs = Number.POSITIVE_INFINITY;
    for (const { id, text, key } of found === null ? [] : keys) {
      const hit = found!.hits.get(text);
      if (hit === undefined) continue;
      const ofValue = this.#plan.tagsOf(hit.value, key, text);
      const keyTag = this.#stored?.keyTag(prefix, text) ?? null;
      if (!this.#mayKeep(id, flight, ofValue, keyTag)) continue; // invalidated on its way: asked for instead
      values.set(text, hit.value);
      if (ofValue.length > 0) tags.push(ofValue);
      keepForMs = Math.min(keepForMs, hit.ttlMs);
      const entry = { value: hit.value, mayBeStale: true, tags: ofValue, keyTag };
      this.#cache.write(prefix + text, hit.ttlMs, entry);
    }
    return { error: null, values, freshness: unsaid, keepForMs, tags, asOf: found?.asOf ?? null };
  }

  /** Unless the key was forgotten or a tag invalidated meanwhile, or a newer flight carries it. */
  #mayKeep(id: string, flight: Flight, tags: readonly string[], keyTag: string | null): boolean {
    const { invalidations } = this.#caches;
    const newer = this.#flights.get(id);
    return (
      (newer === undefined || newer === flight) &&
      !this.#forgotten.since(flight.moment.keys, [id]) &&
      !invalidations.since(flight.moment.tags, tags) &&
      (keyTag === null || !invalidations.since(flight.moment.tags, [keyTag]))
    );
  }

  #moment(): Moment {
    return { tags: this.#caches.invalidations.now, keys: this.#forgotten.now };
  }

  #learn(variesByLanguage: boolean): void {
    if (this.variesByLanguage === variesByLanguage || this.variesByLanguage === true) return;
    if (this.variesByLanguage === false) {
      this.#cache.clear();
      this.#flights.clear();
    }
    this.variesByLanguage = variesByLanguage;
  }
}

/** A `tags` that throws fails the keys it was asked for. */
function failedAnswer(cause: unknown): FlightAnswer {
  const error = cause instanceof Error ? cause : new Error(String(cause), { cause });
  return { error, keepForMs: 0, tags: [] };
}
