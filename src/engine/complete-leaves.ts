import { Failure, type Fault, isThenable, nullError } from './column.ts';
import type { LevelRun } from './level-run.ts';
import { misfit } from './misfit.ts';
import type { FieldPlan } from './plan.ts';

/** Completes leaves in place from a row on; waits once for those that are promised. */
export function completeLeaves(
  level: LevelRun,
  field: FieldPlan,
  raw: unknown[],
  serialize: (value: unknown) => unknown,
  from: number,
  known: Map<number, Fault[]> | null,
): void {
  const { nonNull } = field.wrap;
  let faults = known;
  const fault = (row: number, error: unknown) => {
    (faults ??= new Map()).set(row, [{ suffix: [], error }]);
    raw[row] = null;
  };
  for (let row = from; row < raw.length; row++) {
    const value = raw[row];
    if (value === null || value === undefined) {
      if (nonNull) fault(row, misfit(field, nullError(field)));
      else raw[row] = null;
      continue;
    }
    if (typeof value === 'object') {
      if (value instanceof Failure) {
        fault(row, value.error);
        continue;
      }
      if (value instanceof Error) {
        fault(row, value);
        continue;
      }
      if (isThenable(value)) {
        const promised = [row];
        for (let next = row + 1; next < raw.length; next++) {
          if (isThenable(raw[next])) promised.push(next);
        }
        const done = () => completeLeaves(level, field, raw, serialize, row, faults);
        level.run.settle(raw, promised, (error) => new Failure(error), done);
        return;
      }
    }
    try {
      raw[row] = serialize(value);
    } catch (error) {
      fault(row, misfit(field, error));
    }
  }
  level.columnDone(field, { values: raw, faults, branch: null });
}
