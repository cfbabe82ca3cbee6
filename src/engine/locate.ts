import type { GraphQLError } from 'graphql';
import { buildRows } from './assemble.ts';
import { carries, type Path, toClientError } from './client-error.ts';
import { type Fault, nullError } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan, Use, ViewPlan } from './plan.ts';
import { isRefusal } from './refusal.ts';
import { RemoteFault } from './remote-result.ts';
import type { Wrap } from './wrap.ts';

type Emit = (use: Use, path: Path, error: unknown) => void;

/**
 * The errors of one row as a view reads it, in the order of the answer, at every place where a
 * shared row stands. Of what made a value null, one error is told.
 */
export function errorsOf(level: LevelRun, view: number, row: number, path: Path): GraphQLError[] {
  const errors: GraphQLError[] = [];
  if (level.run.execution.faulty) {
    locateRow(level, view, row, path, (use, at, error) =>
      errors.push(toClientError(use, at, error)),
    );
  }
  return errors;
}

/** The errors of one use of one row; its list positions count from `start`. */
export function useErrors(
  level: LevelRun,
  use: Use,
  row: number,
  path: Path,
  start: number,
): GraphQLError[] {
  const errors: GraphQLError[] = [];
  if (!level.run.execution.faulty) return errors;
  const emit: Emit = (at, where, error) => {
    const places = where.map((place, depth) =>
      depth === path.length + 1 && typeof place === 'number' ? place + start : place,
    );
    errors.push(toClientError(at, places, error));
  };
  locateUse(level, use, row, path, emit, false);
  return errors;
}

/**
 * What went wrong in the needs of a row: with `broken`, only where a non-null need is null or
 * something is refused.
 */
export function needsFault(
  level: LevelRun,
  view: ViewPlan,
  row: number,
  broken: boolean,
): { error: unknown } | null {
  if (!level.run.execution.faulty) return null;
  const values = buildRows(level, view.index)[row];
  for (const use of level.activation.outputs[view.index] ?? []) {
    const gone = use.field.wrap.nonNull && values?.[use.key] === null;
    if (broken && !gone && !level.run.execution.refused) continue;
    const found: { error: unknown }[] = [];
    locateUse(level, use, row, [], (_use, _path, error) => found.push({ error }), false);
    const first = broken && !gone ? found.find(({ error }) => isRefusal(error)) : found[0];
    if (first) return { error: withoutRest(first.error) };
  }
  return null;
}

/** Why a row has no key: what failed in it. A key that is merely missing is no error. */
export function keyFault(level: LevelRun, view: ViewPlan, row: number): { error: unknown } | null {
  for (const { field } of level.activation.outputs[view.index] ?? []) {
    const group = level.groups[field.group.index];
    const position = group?.index ? (group.index[row] ?? -1) : row;
    const missing = group?.errors?.get(row);
    if (position < 0 && missing !== undefined) return { error: withoutRest(missing) };
    const fault = level.columns[field.index]?.faults?.get(position)?.[0];
    if (fault) return { error: withoutRest(fault.error) };
  }
  return null;
}

/** Tells whether the row is null. */
function locateRow(level: LevelRun, view: number, row: number, path: Path, emit: Emit): boolean {
  const built = buildRows(level, view)[row];
  if (isClean(level)) return built === null;
  const uses = level.activation.outputs[view] ?? [];
  if (built !== null) {
    for (const use of uses) locateUse(level, use, row, path, emit, false);
    return false;
  }
  const gone = uses.filter((use) => use.field.wrap.nonNull && valueOf(level, use, row) === null);
  const tell = (sure: boolean) => gone.some((use) => locateUse(level, use, row, path, emit, sure));
  if (!tell(true)) tell(false);
  return true;
}

/** Tells whether there was an error to tell; with `sure`, only one that made the row null. */
function locateUse(
  level: LevelRun,
  use: Use,
  row: number,
  path: Path,
  emit: Emit,
  sure: boolean,
): boolean {
  const { field } = use;
  const group = level.groups[field.group.index];
  const column = level.columns[field.index];
  const at = [...path, use.key];
  const position = group?.index ? (group.index[row] ?? -1) : row;
  if (position < 0) {
    const error = missingError(group?.errors?.get(row), field, sure);
    if (error !== null) emit(use, at, error);
    return error !== null;
  }
  const faults = (column?.faults?.get(position) ?? []).toSorted(compareFaults);
  const branch = column?.branch;
  if (!column || !branch || branch.levels.every(isClean)) {
    for (const { suffix, error } of faults) emit(use, [...at, ...suffix], error);
    return faults.length > 0;
  }
  const number = field.uses.indexOf(use);
  let told = 0;
  const walk = (skeleton: unknown, wrap: Wrap, suffix: readonly number[]): boolean => {
    if (typeof skeleton === 'number') {
      const below = branch.levelOf(skeleton);
      const row = branch.rowOf(skeleton, below);
      return locateRow(below, number, row, [...at, ...suffix], emit);
    }
    if (!Array.isArray(skeleton)) {
      // The errors that made this null are here, or below where it was carried up.
      for (; told < faults.length; told++) {
        const fault = faults[told];
        if (!fault || suffix.some((place, depth) => fault.suffix[depth] !== place)) break;
        emit(use, [...at, ...fault.suffix], fault.error);
      }
      return true;
    }
    for (let index = 0; index < skeleton.length; index++) {
      const item = wrap.item as Wrap;
      if (walk(skeleton[index], item, [...suffix, index]) && item.nonNull) return true;
    }
    return false;
  };
  walk(column.values[position], field.wrap, []);
  return true;
}

/** By their positions in a field's lists; no fault is inside another. */
function compareFaults({ suffix: one }: Fault, { suffix: other }: Fault): number {
  const depth = one.findIndex((place, at) => place !== other[at]);
  return (one[depth] ?? 0) - (other[depth] ?? 0);
}

/** The error of a field whose object is missing; a remote place may have said which field is to blame. */
function missingError(error: unknown, field: FieldPlan, sure: boolean): unknown {
  if (error === undefined) return field.wrap.nonNull ? nullError(field) : null;
  if (!(error instanceof RemoteFault)) return error;
  if (error.rest.length === 0) return error.beside && sure ? null : error;
  for (const { error: cause, rest } of [error, ...error.others]) {
    const [first, ...below] = rest;
    if (field.step.kind !== 'remote' || field.step.alias !== first) continue;
    if (!sure || carries(field, field.wrap, below)) return new RemoteFault(cause, below);
  }
  return sure ? null : new RemoteFault(error.error, []);
}

function valueOf(level: LevelRun, use: Use, row: number): unknown {
  const index = level.groups[use.field.group.index]?.index;
  const position = index ? (index[row] ?? -1) : row;
  return position < 0 ? null : (level.useValues[use.index]?.[position] ?? null);
}

const clean = new WeakMap<LevelRun, boolean>();

/** Whether nothing failed and nothing is missing in a level and below. */
function isClean(level: LevelRun): boolean {
  let known = clean.get(level);
  if (known === undefined) {
    known =
      level.groups.every((group) => !group || (!group.errors && !group.index?.includes(-1))) &&
      level.columns.every(
        (column) => !column || (!column.faults && (column.branch?.levels.every(isClean) ?? true)),
      );
    clean.set(level, known);
  }
  return known;
}

/** The path of a remote error says nothing at another field. */
function withoutRest(error: unknown): unknown {
  if (!(error instanceof RemoteFault)) return error;
  return new RemoteFault(error.error, [], error.beside || error.rest.length > 0);
}
