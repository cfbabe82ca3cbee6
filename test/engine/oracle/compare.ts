import type { ExecutionResult, GraphQLError } from 'graphql';
import { isDeepStrictEqual } from 'node:util';
import type { Witness } from './witness.ts';

/**
 * What differs between two answers, or null. Data has to be equal; each null that has an error in
 * one has to have one in the other, the same if it was not carried up; and errors that both tell
 * have to be in the same order.
 *
 * Where a null was carried up, the specification wants one error and leaves open which of several,
 * and graphql-js tells what failed first in time. Ours has to end with the one that it tells, or a
 * witness has to say that the field did fail and that its null is carried up to that place. What
 * either tells of nullable fields below that null may be told or not, if it did happen.
 */
export function differenceOf(
  ours: ExecutionResult,
  theirs: ExecutionResult,
  witness?: Witness,
): string | null {
  const show = (value: unknown) => JSON.stringify(value, null, 1)?.slice(0, 3000);
  if (!isDeepStrictEqual(plain(ours.data), plain(theirs.data))) {
    return `data differs\nours: ${show(ours)}\ntheirs: ${show(theirs)}`;
  }
  const mine = byNull(ours);
  const other = byNull(theirs);
  for (const [id, { place }] of new Map([...mine, ...other])) {
    const one = mine.get(id)?.errors ?? [];
    const two = other.get(id)?.errors ?? [];
    const carried = [...one, ...two].some(({ path }) => path?.length !== place.length);
    const same = carried
      ? explains(one, two, place.length, witness)
      : isDeepStrictEqual(one.map(errorText), two.map(errorText));
    if (!same) {
      return `errors at ${id} differ\nours: ${show(one.map(errorText))}\ntheirs: ${show(two.map(errorText))}\ndata: ${show(ours.data)}`;
    }
  }
  const told = common(ours, theirs);
  const toldByThem = common(theirs, ours);
  if (isDeepStrictEqual(told, toldByThem)) return null;
  return `order of errors differs\nours: ${show(told)}\ntheirs: ${show(toldByThem)}`;
}

function explains(
  ours: readonly GraphQLError[],
  theirs: readonly GraphQLError[],
  placeLength: number,
  witness: Witness | undefined,
): boolean {
  const last = ours.at(-1);
  const theirLast = theirs.at(-1);
  if (!last || !theirLast) return false;
  const texts = new Set(theirs.map(errorText));
  return (
    ours.every((error) => texts.has(errorText(error)) || witness?.happened(error)) &&
    (errorText(last) === errorText(theirLast) || (witness?.carries(last, placeLength) ?? false))
  );
}

/** The errors of an answer by the null that each of them ends at. */
function byNull({ data, errors = [] }: ExecutionResult) {
  const found = new Map<string, { place: (string | number)[]; errors: GraphQLError[] }>();
  for (const error of errors) {
    const place: (string | number)[] = [];
    let value: unknown = data;
    for (const key of error.path ?? []) {
      if (value === null || value === undefined) break;
      place.push(key);
      value = (value as Record<string | number, unknown>)[key];
    }
    const known = found.get(place.join('.'));
    if (known) known.errors.push(error);
    else found.set(place.join('.'), { place, errors: [error] });
  }
  return found;
}

function common({ errors: one = [] }: ExecutionResult, { errors: two = [] }: ExecutionResult) {
  const texts = new Set(two.map(errorText));
  return one.map(errorText).filter((text) => texts.has(text));
}

/** An error as it is compared: where it is, and what it says. */
export function errorText({ path, message }: GraphQLError): string {
  return `${(path ?? []).join('.')}: ${message}`;
}

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
