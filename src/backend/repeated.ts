/** A list that a query says as a parameter for each item: `ids=1&ids=2`. Made by `repeated`. */
export interface Repeated<Item> {
  readonly repeated: readonly Item[];
}

/**
 * A list for a query, sent as OpenAPI's `explode: true`: `?ids=1&ids=2`. An empty one is not sent.
 * In a batch its name is in the URL for each key: one longer than 10 letters wants a lower `maxUrlBytes`.
 */
export function repeated<Item>(items: readonly Item[]): Repeated<Item> {
  return { repeated: items };
}

export function isRepeated(value: unknown): value is Repeated<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'repeated' in value &&
    Array.isArray(value.repeated)
  );
}
