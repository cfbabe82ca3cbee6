import type { Size } from './list-size.ts';
import { allHold, type Guard, type Variables } from './variable-reads.ts';

/** What a request amounts to. */
export interface Totals {
  points: number;
  nodes: number;
  /** Largest page asked for. */
  page: number;
}

/** One object: what it always counts, and what variables decide. */
export interface Shape {
  points: number;
  nodes: number;
  page: number;
  readonly parts: Part[];
  /** Of each group, the largest counts. */
  readonly choices: (readonly Shape[])[];
}

/** A field's values: so many of them, each of this shape, when it is asked for at all. */
interface Part {
  readonly guards: readonly (readonly Guard[])[];
  readonly size: Size;
  readonly shape: Shape;
}

/** A value without fields. */
export function leaf(points: number): Shape {
  return { points, nodes: 1, page: 0, parts: [], choices: [] };
}

/** Whether no variable decides anything. */
export function isFixed({ parts, choices }: Shape): boolean {
  return parts.length === 0 && choices.length === 0;
}

/** Counts what is fixed at once, so that requests only walk what variables decide. */
export function addPart(shape: Shape, part: Part): void {
  const { guards, size, shape: inner } = part;
  const { length } = size;
  if (guards.length > 0 || typeof length !== 'number') {
    shape.parts.push(part);
    return;
  }
  shape.points += length * inner.points;
  shape.nodes += length * inner.nodes;
  shape.page = Math.max(shape.page, inner.page, size.isPage ? length : 0);
  if (!isFixed(inner)) {
    const rest: Shape = { ...inner, points: 0, nodes: 0, page: 0 };
    shape.parts.push({ guards, size: { length, isPage: false }, shape: rest });
  }
}

/** A page's size holds to its limit even where none of its rows are selected. */
export function addPage(shape: Shape, size: Size): void {
  addPart(shape, { guards: [], size, shape: { ...leaf(0), nodes: 0 } });
}

/** Counts both. */
export function mergeInto(shape: Shape, other: Shape): void {
  shape.points += other.points;
  shape.nodes += other.nodes;
  shape.page = Math.max(shape.page, other.page);
  shape.parts.push(...other.parts);
  shape.choices.push(...other.choices);
}

/** Counts the largest of each figure. */
export function addChoice(shape: Shape, options: readonly Shape[]): void {
  if (!options.every(isFixed)) {
    shape.choices.push(options);
    return;
  }
  shape.points += Math.max(...options.map(({ points }) => points));
  shape.nodes += Math.max(...options.map(({ nodes }) => nodes));
  shape.page = Math.max(shape.page, ...options.map(({ page }) => page));
}

/** Counts a shape, so many times, for one request. */
export function addTo(shape: Shape, variables: Variables, count: number, totals: Totals): void {
  totals.points += count * shape.points;
  totals.nodes += count * shape.nodes;
  if (shape.page > totals.page) totals.page = shape.page;
  for (const { guards, size, shape: inner } of shape.parts) {
    if (guards.length > 0 && !guards.some((all) => allHold(all, variables))) continue;
    const { length, isPage } = size;
    const rows = typeof length === 'number' ? length : length(variables);
    if (isPage && rows > totals.page) totals.page = rows;
    if (rows > 0) addTo(inner, variables, count * rows, totals);
  }
  for (const options of shape.choices) {
    let points = 0;
    let nodes = 0;
    for (const option of options) {
      const own: Totals = { points: 0, nodes: 0, page: totals.page };
      addTo(option, variables, count, own);
      points = Math.max(points, own.points);
      nodes = Math.max(nodes, own.nodes);
      totals.page = own.page;
    }
    totals.points += points;
    totals.nodes += nodes;
  }
}
