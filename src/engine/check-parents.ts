import type { ParentCheck } from './access.ts';
import { columnOf, Failure, isThenable } from './column.ts';
import { Info } from './info.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';
import { refuse } from './refusal.ts';

/** Per parent for which the field is not run: what it has instead. Null when it is run for all. */
export type Refused = readonly ({ readonly value: unknown } | undefined)[] | null;

/** Asks a field's checks about each parent, waits at most once, and goes on with what they say. */
export function checkParents(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  then: (refused: Refused) => void,
): void {
  const { execution } = level.run;
  const { context } = execution;
  const verdicts = columnOf(rows.length);
  const promised: number[] = [];
  let args: Record<string, unknown>;
  try {
    args = execution.args(field);
  } catch (error) {
    then(rows.map(() => ({ value: new Failure(error) })));
    return;
  }
  // Of a subscription's event the row is the event; the field stands on the root.
  const atRoot = level.plan.parentField === null && field.group.kind !== 'derived';
  const parentOf = (row: number) => (atRoot ? field.group.place.rootValue : rows[row]);
  for (let row = 0; row < rows.length; row++) {
    try {
      const info = new Info(level, field, row);
      const verdict = hold(field.checks, 0, parentOf(row), args, context, info);
      if (isThenable(verdict)) promised.push(row);
      verdicts[row] = verdict;
    } catch (error) {
      verdicts[row] = new Failure(error);
    }
  }
  const instead = (row: number): unknown => {
    const error = refuse(execution);
    if (!field.instead) return new Failure(error);
    try {
      return field.instead(parentOf(row), args, context, new Info(level, field, row), error);
    } catch (thrown) {
      return new Failure(thrown);
    }
  };
  const finish = () => {
    if (verdicts.every((verdict) => verdict === true)) {
      then(null);
      return;
    }
    execution.refused = true;
    then(
      verdicts.map((verdict, row) => {
        if (verdict === true) return undefined;
        return { value: verdict instanceof Failure ? verdict : instead(row) };
      }),
    );
  };
  if (promised.length === 0) finish();
  else level.run.settle(verdicts, promised, (error) => new Failure(error), finish);
}

/** Whether all checks from this one on hold, one after another. */
export function hold(
  checks: readonly ParentCheck[],
  from: number,
  ...values: Parameters<ParentCheck>
): unknown {
  for (let index = from; index < checks.length; index++) {
    const held: unknown = checks[index]?.(...values);
    if (isThenable(held)) {
      return held.then((holds) => holds === true && hold(checks, index + 1, ...values));
    }
    if (held !== true) return false;
  }
  return true;
}
