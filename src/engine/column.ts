import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';

/** One error of a column: where below the field it is, and what was thrown or found. */
export interface Fault {
  /** List positions below the field. */
  readonly suffix: readonly number[];
  readonly error: unknown;
}

/** What a field gave for each of its group's rows. */
export interface ColumnRun {
  /** Leaves: output values. Objects: skeletons, whose numbers count the items of the branch. */
  readonly values: unknown[];
  readonly faults: Map<number, Fault[]> | null;
  readonly branch: Branch | null;
}

/** A thrown or returned error, on its way through a column. */
export class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** From the items of an object column to the rows of the levels below. */
export class Branch {
  readonly parent: LevelRun;
  readonly levels: LevelRun[] = [];
  /** Whether an item may stand in several places. */
  isShared = false;
  /** Per item, when there are several levels. */
  itemLevels: number[] | null = null;
  /** Per item: the row before any collapse; null when they are the same. */
  itemRows: number[] | null = null;

  constructor(parent: LevelRun) {
    this.parent = parent;
  }

  levelOf(item: number): LevelRun {
    return this.levels[this.itemLevels === null ? 0 : (this.itemLevels[item] ?? 0)] as LevelRun;
  }

  rowOf(item: number, level: LevelRun): number {
    const row = this.itemRows === null ? item : (this.itemRows[item] ?? 0);
    return level.collapsed === null ? row : (level.collapsed[row] ?? 0);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** A column of this many rows, to be filled. */
export function columnOf<Value = unknown>(length: number): Value[] {
  // oxlint-disable-next-line unicorn/no-new-array -- Array.from({ length }) costs ten times as much
  return new Array<Value>(length);
}

/** Fails every row of a column. */
export function failColumn(raw: unknown[], error: unknown): void {
  const failure = new Failure(error);
  for (let row = 0; row < raw.length; row++) raw[row] = failure;
}

export function nullError(field: FieldPlan): Error {
  return new Error(`Cannot return null for non-nullable field ${field.coordinate}.`);
}
