/** A key that is asked for; it stands in for its value until there is one. */
export class PendingKey {
  readonly text: string;
  /** Among everything that is shared; empty when nothing is. */
  readonly id: string;
  readonly key: unknown;
  /** Who waits for it; null for a refresh behind a stale value. */
  readonly column: Column | null;
  /** Undefined until it has settled. */
  value: unknown = undefined;

  constructor(text: string, id: string, key: unknown, column: Column | null) {
    this.text = text;
    this.id = id;
    this.key = key;
    this.column = column;
  }
}

/** The keys of one `loadMany` that had no value: one promise for all of them. */
export class Column {
  readonly keys: PendingKey[] = [];
  readonly #settled = Promise.withResolvers<void>();
  #values = 0;

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  settle(pending: PendingKey, value: unknown): void {
    pending.value = value;
    this.#values += 1;
    if (this.#values === this.keys.length) this.#settled.resolve();
  }
}

/** Not before each of them has settled. */
export function allSettled(columns: ReadonlySet<Column>): Promise<unknown> {
  const [only] = columns;
  if (columns.size === 1) return only!.settled;
  return Promise.all([...columns].map((column) => column.settled));
}
