import { nearestName } from '../nearest-name.ts';

/** `; did you mean "x"?`, to end a clause with; nothing when no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === null ? '' : `; did you mean "${nearest}"?`;
}
