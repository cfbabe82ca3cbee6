import { Failure, isThenable } from './column.ts';
import type { Wrap } from './wrap.ts';

/** Lists that hold promises, as arrays that can be settled in place; raw is given those arrays. */
export function promisedItems(
  raw: unknown[],
  item: Wrap,
): { list: unknown[]; promised: number[] }[] | null {
  let found: { list: unknown[]; promised: number[] }[] | null = null;
  for (let row = 0; row < raw.length; row++) {
    const value = raw[row];
    if (typeof value !== 'object' || value === null) continue;
    let list: unknown[];
    if (Array.isArray(value)) list = value;
    else if (value instanceof Failure || !(Symbol.iterator in value)) continue;
    else {
      try {
        list = [...(value as Iterable<unknown>)];
        raw[row] = list;
      } catch (error) {
        raw[row] = new Failure(error);
        continue;
      }
    }
    let promised: number[] | null = null;
    for (let index = 0; index < list.length; index++) {
      if (isThenable(list[index])) (promised ??= []).push(index);
    }
    if (promised !== null) {
      list = [...list];
      raw[row] = list;
      (found ??= []).push({ list, promised });
      continue;
    }
    if (item.item !== null) {
      const inner = list.some((one) => typeof one === 'object' && one !== null) ? [...list] : list;
      const below = promisedItems(inner, item.item);
      if (inner !== list) raw[row] = inner;
      if (below) (found ??= []).push(...below);
    }
  }
  return found;
}
