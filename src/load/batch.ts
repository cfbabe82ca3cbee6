import type { Backend } from '../backend/backend.ts';
import type { RequestContext } from '../request.ts';

export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * Loads by key, many keys a call. Within one operation each key is asked once; across operations
 * as its `cache` says.
 */
export interface Batch<Key, Value, Args = void> {
  /** For messages: as given, or the backend's name with the operation that it calls. */
  readonly name: string;
  readonly backend: Backend;
  /** The value of one key; null where the backend has none. Loads of one turn of the event loop share a call. */
  load(context: RequestContext, key: Key, ...args: ArgsOf<Args>): Promise<Value | null>;
  /**
   * The values of a column of keys, in the order asked: `keys[n] → Value | null | Error`.
   *
   * Not a promise when everything is at hand, otherwise one for the column; it never rejects.
   * Columns of one turn of the event loop share a call, and a key that fails does not fail the others.
   */
  loadMany(
    context: RequestContext,
    keys: readonly Key[],
    ...args: ArgsOf<Args>
  ): MaybePromise<readonly (Value | null | Error)[]>;
  /**
   * Drops what this operation and every instance know of the keys, so that they are asked again:
   * after a mutation. Whole answers that have them go only by tag, so give the batch `tags`.
   */
  forget(context: RequestContext, keys: readonly Key[], ...args: ArgsOf<Args>): void;
}

export type ArgsOf<Args> = [Args] extends [void] ? [] : [args: Args];

/** Who may see what is kept, and for how long. Values that are kept must not be changed by anyone. */
export type BatchCache =
  | {
      /** Neither kept nor shared between operations. */
      readonly scope: 'none';
    }
  | {
      /**
       * `public`: the same for everyone, also where the backend's `headers` tell who asks: whose call
       * it was is not looked at. `viewer`: for each viewer and their rights; without a viewer as `none`.
       */
      readonly scope: 'public' | 'viewer';
      /** Lifetime in milliseconds, ±10 %; an upstream `Cache-Control` can shorten it. @default 0: only calls in flight are shared */
      readonly ttlMs?: number;
      /** After the lifetime: answer at once, and ask again behind it, in milliseconds. @default 30 s (public), 0 (viewer) */
      readonly staleWhileRevalidateMs?: number;
      /** After the lifetime: what to answer when asking fails, in milliseconds. @default 5 min (public), 0 (viewer) */
      readonly staleIfErrorMs?: number;
      /** Approximate size of everything kept, in bytes. @default 16 MiB */
      readonly maxBytes?: number;
    };

export interface BatchOptions<Api, Key, Page, Row, Value, Args, Group extends boolean> {
  /** For messages. @default the backend's name and the operation that it calls */
  readonly name?: string;
  /** Asks for distinct keys, at most `maxBatchSize`; may return them in any order, and not all. */
  readonly load: (keys: readonly Key[], api: Api, args: Args) => Promise<Page>;
  /** The rows of an answer. @default the answer is the list */
  readonly rows?: (page: Page) => readonly (Row | null | undefined)[];
  /** The key that a row answers; rows of keys that nobody asked for are ignored. */
  readonly keyOf: (row: Row) => NoInfer<Key> | null | undefined;
  /** What callers get of a row; an Error fails this key alone. @default the row */
  readonly value?: (row: Row) => Value | Error | null;
  /** Several rows a key: the value is the list of them, empty for a gap. @default false: the first row */
  readonly group?: Group;
  /** Text that tells keys apart. @default String(key); required for keys that are objects */
  readonly keyToString?: (key: Key) => string;
  /** @default 100 */
  readonly maxBatchSize?: number;
  /** Length of the keys in a URL; REST only. @default 7 KiB, which leaves 1 KiB of 8 for the rest */
  readonly maxUrlBytes?: number;
  readonly cache: BatchCache;
  /**
   * What `invalidate` drops a value by: `'Airport'` tags each with `Airport:<key>`; a function names
   * its tags. Whatever the arguments and viewers it is kept for. @default none
   */
  readonly tags?:
    | string
    | ((value: Group extends true ? readonly Value[] : Value, key: Key) => readonly string[]);
}
