import { introspect } from './introspect.ts';
import { columnOf, Failure, failColumn, isThenable } from './column.ts';
import { checkParents, type Refused } from './check-parents.ts';
import { completeColumn } from './complete.ts';
import { completeLeaves } from './complete-leaves.ts';
import { Info } from './info.ts';
import { needsFault } from './locate.ts';
import type { GroupRun, LevelRun } from './level-run.ts';
import type { FieldPlan, ViewPlan } from './plan.ts';
import type { Resolve } from './graph.ts';
import { refuse } from './refusal.ts';

/** Makes a field's column of raw values, waits for it at most once, and completes it. */
export function runField(level: LevelRun, field: FieldPlan, { rows }: GroupRun): void {
  if (field.checks.length === 0) runRows(level, field, rows, null);
  else checkParents(level, field, rows, (refused) => runRows(level, field, rows, refused));
}

function runRows(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  refused: Refused,
): void {
  const { step } = field;
  const { execution } = level.run;
  const raw = columnOf(rows.length);
  switch (step.kind) {
    case 'typename':
      level.columnDone(field, {
        values: raw.fill(level.plan.type.name),
        faults: null,
        branch: null,
      });
      return;
    case 'introspection':
      level.columnDone(field, {
        values: raw.fill(introspect(execution, field)),
        faults: null,
        branch: null,
      });
      return;
    case 'denied':
      failColumn(raw, refuse(execution));
      break;
    case 'nowhere':
      failColumn(raw, new Error(step.message));
      break;
    case 'remote':
      for (let row = 0; row < rows.length; row++) {
        raw[row] = (rows[row] as Record<string, unknown>)[step.alias];
      }
      if (execution.remoteFaults) execution.remoteFaults.read(rows, step.alias, raw);
      break;
    case 'property': {
      const { name } = step;
      let calls = false;
      for (let row = 0; row < rows.length; row++) {
        const source = rows[row];
        if ((typeof source !== 'object' && typeof source !== 'function') || source === null)
          continue;
        let value: unknown;
        try {
          value = (source as Record<string, unknown>)[name];
        } catch (error) {
          value = new Failure(error);
        }
        if (typeof value === 'function') calls = true;
        raw[row] = value;
      }
      if (calls && step.calls) callMethods(level, field, rows, raw);
      break;
    }
    case 'reference':
      for (let row = 0; row < rows.length; row++) {
        raw[row] = (rows[row] as Record<string, unknown>)[step.property];
      }
      break;
    case 'column': {
      if (refused) runSomeOfColumn(level, field, rows, raw, refused);
      else runColumn(level, field, rows, raw, (values) => fill(level, field, raw, values));
      return;
    }
    case 'resolve':
      runResolver(level, field, rows, raw, step.resolve, step.readsInfo, refused);
      break;
  }
  if (refused) {
    for (let row = 0; row < rows.length; row++) {
      const replaced = refused[row];
      if (replaced) raw[row] = replaced.value;
    }
  }
  settleColumn(level, field, raw);
}

/** Waits for what is promised, once, and then completes. */
function settleColumn(level: LevelRun, field: FieldPlan, raw: unknown[]): void {
  if (field.serialize && field.wrap.item === null) {
    completeLeaves(level, field, raw, field.serialize, 0, null);
    return;
  }
  let promised: number[] | null = null;
  for (let row = 0; row < raw.length; row++) {
    if (isThenable(raw[row])) (promised ??= []).push(row);
  }
  if (promised === null) completeColumn(level, field, raw);
  else {
    level.run.settle(raw, promised, failure, () => completeColumn(level, field, raw));
  }
}

const failure = (error: unknown) => new Failure(error);

function runResolver(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  raw: unknown[],
  resolve: Resolve,
  readsInfo: boolean,
  refused: Refused,
): void {
  const { execution } = level.run;
  const { context } = execution;
  let args: Record<string, unknown>;
  try {
    args = execution.args(field);
  } catch (error) {
    failColumn(raw, error);
    return;
  }
  const view = field.group.kind === 'derived' ? field.group.view : null;
  for (let row = 0; row < rows.length; row++) {
    if (refused?.[row]) continue;
    if (view) {
      const broken = needsFault(level, view, row, true);
      if (broken) {
        raw[row] = new Failure(broken.error);
        continue;
      }
    }
    try {
      const value = resolve(
        rows[row],
        args,
        context,
        readsInfo ? new Info(level, field, row) : undefined,
      );
      raw[row] = view && execution.faulty ? nullsExplained(level, view, row, value) : value;
    } catch (error) {
      const cause = view ? needsFault(level, view, row, false) : null;
      raw[row] = new Failure(cause ? cause.error : error);
    }
  }
}

/** A null that came of a failed need has the error of that need. */
function nullsExplained(level: LevelRun, view: ViewPlan, row: number, value: unknown): unknown {
  if (isThenable(value)) {
    return value.then((settled) => nullsExplained(level, view, row, settled));
  }
  if (value !== null && value !== undefined) return value;
  const cause = needsFault(level, view, row, false);
  return cause ? new Failure(cause.error) : value;
}

function callMethods(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  raw: unknown[],
): void {
  const { execution } = level.run;
  for (let row = 0; row < rows.length; row++) {
    const method = raw[row];
    if (typeof method !== 'function') continue;
    try {
      raw[row] = (method as (...values: unknown[]) => unknown).call(
        rows[row],
        execution.args(field),
        execution.context,
        new Info(level, field, row),
      );
    } catch (error) {
      raw[row] = new Failure(error);
    }
  }
}

function runColumn(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  raw: unknown[],
  then: (values: readonly unknown[]) => void,
): void {
  if (field.step.kind !== 'column') return;
  const { execution, settled } = level.run;
  const failAll = (error: unknown) => {
    failColumn(raw, error);
    completeColumn(level, field, raw);
  };
  const take = (values: readonly unknown[]) => {
    if (!Array.isArray(values) || values.length !== rows.length) {
      const got = Array.isArray(values) ? `${values.length} values` : typeof values;
      failAll(
        new Error(
          `${field.coordinate}: its column must return a value or an Error per parent: expected ${rows.length} values, but got ${got}`,
        ),
      );
      return;
    }
    then(values);
  };
  if (settled) return;
  try {
    const made = field.step.column(rows, execution.args(field), execution.context);
    if (isThenable(made)) level.run.await(made, take, failAll);
    else take(made);
  } catch (error) {
    failAll(error);
  }
}

function fill(level: LevelRun, field: FieldPlan, raw: unknown[], values: readonly unknown[]): void {
  for (let row = 0; row < raw.length; row++) raw[row] = values[row];
  settleColumn(level, field, raw);
}

/** The call for a whole layer, without the parents that are refused. */
function runSomeOfColumn(
  level: LevelRun,
  field: FieldPlan,
  rows: readonly unknown[],
  raw: unknown[],
  refused: NonNullable<Refused>,
): void {
  const left = [...rows.keys()].filter((row) => refused[row] === undefined);
  const take = (values: readonly unknown[]) => {
    const column: unknown[] = refused.map((replaced) => replaced?.value);
    for (const [at, row] of left.entries()) column[row] = values[at];
    fill(level, field, raw, column);
  };
  if (left.length === 0) take([]);
  else {
    const parents = left.map((row) => rows[row]);
    runColumn(level, field, parents, raw, take);
  }
}
