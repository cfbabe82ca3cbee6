import { GraphQLError, locatedError } from 'graphql';
import { buildRows } from './assemble.ts';
import { nullError } from './complete.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan, Use, ViewPlan } from './plan.ts';
import { RemoteFault } from './remote-result.ts';
import type { Wrap } from './wrap.ts';

type Path = readonly (string | number)[];
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

/** What went wrong in the needs of a row: with `broken`, only where a non-null need is null. */
export function needsFault(
  level: LevelRun,
  view: ViewPlan,
  row: number,
  broken: boolean,
): { error: unknown } | null {
  if (!level.run.execution.faulty) return null;
  const values = buildRows(level, view.index)[row];
  for (const use of level.activation.outputs[view.index] ?? []) {
    if (broken && !(use.field.wrap.nonNull && values?.[use.key] === null)) continue;
    const found: { error: unknown }[] = [];
    locateUse(level, use, row, [], (_use, _path, error) => found.push({ error }));
    const [first] = found;
    if (first)
      return { error: first.error instanceof RemoteFault ? first.error.error : first.error };
  }
  return null;
}

function locateRow(level: LevelRun, view: number, row: number, path: Path, emit: Emit): boolean {
  const built = buildRows(level, view)[row];
  if (isClean(level)) return built === null;
  for (const use of level.activation.outputs[view] ?? []) {
    if (built !== null) locateUse(level, use, row, path, emit);
    else if (use.field.wrap.nonNull && valueOf(level, use, row) === null) {
      locateUse(level, use, row, path, emit);
      return true;
    }
  }
  return built === null;
}

function locateUse(level: LevelRun, use: Use, row: number, path: Path, emit: Emit): void {
  const { field } = use;
  const group = level.groups[field.group.index];
  const column = level.columns[field.index];
  const at = [...path, use.key];
  const position = group?.index ? (group.index[row] ?? -1) : row;
  if (position < 0) {
    const error = group?.errors?.get(row);
    if (error !== undefined) emit(use, at, error);
    else if (field.wrap.nonNull) emit(use, at, nullError(field));
    return;
  }
  for (const { suffix, error } of column?.faults?.get(position) ?? []) {
    emit(use, [...at, ...suffix], error);
  }
  const branch = column?.branch;
  if (!column || !branch || branch.levels.every(isClean)) return;
  const number = field.uses.indexOf(use);
  const walk = (skeleton: unknown, wrap: Wrap, here: Path): boolean => {
    if (typeof skeleton === 'number') {
      const below = branch.levelOf(skeleton);
      return locateRow(below, number, branch.rowOf(skeleton, below), here, emit);
    }
    if (!Array.isArray(skeleton)) return true;
    for (let index = 0; index < skeleton.length; index++) {
      const item = wrap.item as Wrap;
      if (walk(skeleton[index], item, [...here, index]) && item.nonNull) return true;
    }
    return false;
  };
  walk(column.values[position], field.wrap, at);
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

function toClientError(use: Use, path: Path, error: unknown): GraphQLError {
  if (!(error instanceof RemoteFault)) return locatedError(error, use.nodes, path);
  const rest = clientNames(use.field, use.field.uses.indexOf(use), error.rest);
  return new GraphQLError(error.error.message, {
    nodes: use.nodes,
    path: [...path, ...rest],
    originalError: error.error,
    extensions: error.error.extensions,
  });
}

/** A path of a remote answer in the response keys of the client. */
function clientNames(field: FieldPlan, view: number, rest: Path): (string | number)[] {
  const [first, ...more] = rest;
  if (first === undefined) return [];
  if (typeof first === 'number') return [first, ...clientNames(field, view, more)];
  for (const level of field.children.values()) {
    for (const use of level.views[view]?.uses ?? []) {
      if (use.field.step.kind === 'remote' && use.field.step.alias === first) {
        return [use.key, ...clientNames(use.field, use.field.uses.indexOf(use), more)];
      }
    }
  }
  return [first, ...clientNames(field, view, more)];
}
