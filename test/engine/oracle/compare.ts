import type { ExecutionResult, GraphQLError } from 'graphql';
import { isDeepStrictEqual } from 'node:util';

/**
 * What differs between two answers, or null. Data has to be equal, and each null that an error
 * explains has to have the same explanation. Where a null was carried up, which of several
 * failing fields is named depends on timing; with `exact` they have to name one in common.
 */
export function differenceOf(
  ours: ExecutionResult,
  theirs: ExecutionResult,
  exact: boolean,
): string | null {
  const show = (value: unknown) => JSON.stringify(value, null, 1)?.slice(0, 3000);
  if (!isDeepStrictEqual(plain(ours.data), plain(theirs.data))) {
    return `data differs\nours: ${show(ours)}\ntheirs: ${show(theirs)}`;
  }
  const mine = byNull(ours);
  const other = byNull(theirs);
  for (const place of new Set([...mine.keys(), ...other.keys()])) {
    const one = mine.get(place) ?? [];
    const two = other.get(place) ?? [];
    const carried = [...one, ...two].some(({ path }) => pathText(path) !== place);
    const texts = new Set(two.map(text));
    const same = carried
      ? one.length > 0 && two.length > 0 && (!exact || one.some((error) => texts.has(text(error))))
      : one.length === two.length && one.every((error) => texts.has(text(error)));
    if (!same) {
      return `errors at ${place} differ\nours: ${show(one.map(text))}\ntheirs: ${show([...texts])}\ndata: ${show(ours.data)}`;
    }
  }
  return null;
}

function byNull({ data, errors = [] }: ExecutionResult): Map<string, GraphQLError[]> {
  const found = new Map<string, GraphQLError[]>();
  for (const error of errors) {
    const place: (string | number)[] = [];
    let value: unknown = data;
    for (const key of error.path ?? []) {
      if (value === null || value === undefined) break;
      place.push(key);
      value = (value as Record<string | number, unknown>)[key];
    }
    const id = pathText(place);
    found.set(id, [...(found.get(id) ?? []), error]);
  }
  return found;
}

const pathText = (path: readonly (string | number)[] | undefined) => (path ?? []).join('.');
const text = (error: GraphQLError) => `${pathText(error.path)}: ${error.message}`;
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
