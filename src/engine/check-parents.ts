import type { ParentCheck } from './access.ts';
import { columnOf, Failure, isThenable } from './column.ts';
import { Info } from './info.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';
import { refuse } from './refusal.ts';

/** Per parent why the field is not run for it; null when it is run for all of them. */
export type Refused = readonly (Failure | undefined)[] | null;

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
    then(rows.map(() => new Failure(error)));
    return;
  }
  // Of a subscription's event the row is the event; the field stands on the root.
  const atRoot = level.plan.parentField === null && field.group.kind !== 'derived';
  for (let row = 0; row < rows.length; row++) {
    const parent = atRoot ? field.group.place.rootValue : rows[row];
    try {
      const verdict = hold(field.checks, 0, parent, args, context, new Info(level, field, row));
      if (isThenable(verdict)) promised.push(row);
      verdicts[row] = verdict;
    } catch (error) {
      verdicts[row] = new Failure(error);
    }
  }
  const finish = () => {
    let all = true;
    for (let row = 0; row < verdicts.length; row++) {
      const verdict = verdicts[row];
      if (verdict === true) verdicts[row] = undefined;
      else {
        all = false;
        if (!(verdict instanceof Failure)) verdicts[row] = new Failure(refuse(execution));
      }
    }
    if (!all) execution.refused = true;
    then(all ? null : (verdicts as (Failure | undefined)[]));
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
