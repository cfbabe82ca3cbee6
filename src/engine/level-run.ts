import { runField } from './run-field.ts';
import { Branch, type ColumnRun, columnOf } from './column.ts';
import { buildRows } from './assemble.ts';
import { collapseRows } from './collapse.ts';
import type { GraphQLResolveInfo } from 'graphql';
import { firstPath } from './paths.ts';
import type { Activation, FieldPlan, GroupPlan, LevelPlan, Use, ViewPlan } from './plan.ts';
import type { Run, StreamRest } from './run.ts';
import { completeColumn } from './complete.ts';

/** A group's objects, and which of them each row of the level has. */
export interface GroupRun {
  rows: readonly unknown[];
  /** Per row of the level: the row of the group, or -1; null when they are the same. */
  index: number[] | null;
  /** Per row of the level: why its object is missing. */
  errors: Map<number, unknown> | null;
}

/** A level with its objects. */
export class LevelRun {
  readonly run: Run;
  readonly plan: LevelPlan;
  readonly branch: Branch | null;
  /** Which use of the parent's field each view is waited for by. */
  rows: readonly unknown[];
  /** Per row that arrived: the row that stands for it. */
  collapsed: number[] | null = null;
  readonly groups: (GroupRun | undefined)[];
  readonly columns: (ColumnRun | undefined)[];
  readonly built: (unknown[] | undefined)[];
  /** By use: output values per row of its field's group, once a view that has it was built. */
  readonly useValues: (readonly unknown[] | undefined)[] = [];
  activation: Activation;
  /** Of a deferred fragment: the level whose objects these are, and the view it was taken out of. */
  origin: { readonly level: LevelRun; readonly view: number } | null = null;
  /** Called when view 0 of a root is whole. */
  onWhole: (() => void) | null = null;
  /** Of the rest of streamed lists: per row of the field's group, where the rest begins. */
  starts: readonly number[] | null = null;
  #pending: number[];
  #below: Map<FieldPlan, number[]> | null = null;

  constructor(run: Run, plan: LevelPlan, branch: Branch | null, rows: readonly unknown[]) {
    this.run = run;
    this.plan = plan;
    this.branch = branch;
    this.rows = rows;
    this.groups = columnOf(plan.groups.length);
    this.columns = columnOf(plan.fields.length);
    this.built = columnOf(plan.views.length);
    this.activation = run.execution.activation(plan);
    this.#pending = columnOf<number>(plan.views.length).fill(0);
  }

  /** A level of this run's, below one of this level's fields. */
  below(plan: LevelPlan, branch: Branch, rows: readonly unknown[]): LevelRun {
    return new LevelRun(this.run, plan, branch, rows);
  }

  start(): void {
    const { plan, activation } = this;
    for (let view = 0; view < plan.views.length; view++) {
      this.#pending[view] = activation.outputs[view]?.length ?? 0;
    }
    const empty = plan.views.filter(
      ({ index }) => activation.views[index] && this.#pending[index] === 0,
    );
    if (plan.collapseBy >= 0 && this.rows.length > 1) collapseRows(this);
    if (this.run.onPatch) {
      for (const patch of plan.patches) {
        const isRead = activation.views[patch.view] === true;
        if (isRead && this.run.execution.condition(patch.condition)) this.run.onPatch(this, patch);
      }
    }
    for (const group of plan.groups) {
      if (!activation.groups[group.index]) continue;
      if (group.kind === 'source' || group.kind === 'nowhere') {
        this.startGroup(group, { rows: this.rows, index: null, errors: null });
      } else if (group.kind === 'root') this.run.merges.enterRoot(this, group);
      else if (group.kind === 'derived' && group.view === null) {
        const parent = plan.parentField
          ? Object.freeze({ __typename: plan.type.name })
          : this.rows[0];
        const rows = columnOf(this.rows.length).fill(parent);
        this.startGroup(group, { rows, index: null, errors: null });
      }
    }
    for (const view of empty) this.#viewDone(view);
  }

  startGroup(group: GroupPlan, run: GroupRun): void {
    this.groups[group.index] = run;
    if (run.errors || run.index?.includes(-1)) this.run.execution.faulty = true;
    for (const field of group.fields) {
      if (this.activation.fields[field.index]) runField(this, field, run);
    }
  }

  /** Runs nothing but what is left of one field's lists, whose raw values are at hand. */
  startRest(use: Use, rest: StreamRest): void {
    this.starts = rest.starts;
    this.#pending[use.view.index] = 1;
    this.groups[use.field.group.index] = this.origin?.level.groups[use.field.group.index];
    completeColumn(this, use.field, [...rest.raw]);
  }

  /** All values of a field are there; what is below it may not be. */
  columnDone(field: FieldPlan, column: ColumnRun): void {
    this.columns[field.index] = column;
    if (column.faults) this.run.execution.faulty = true;
    const { branch } = column;
    if (branch === null || branch.levels.length === 0) {
      for (const use of field.uses) {
        if (this.activation.uses[use.index]) this.#useDone(use.view);
      }
      return;
    }
    const below = columnOf<number>(field.uses.length).fill(branch.levels.length);
    this.#below ??= new Map();
    this.#below.set(field, below);
    for (const level of branch.levels) this.run.push(() => level.start());
  }

  /** The level below a field is whole as far as the field's use of this number reads it. */
  belowDone(field: FieldPlan, number: number): void {
    const below = this.#below?.get(field);
    if (!below) return;
    const left = (below[number] ?? 0) - 1;
    below[number] = left;
    const use = field.uses[number];
    if (left === 0 && use) this.#useDone(use.view);
  }

  firstPath(row: number): GraphQLResolveInfo['path'] | undefined {
    return firstPath(this, row);
  }

  #useDone(view: ViewPlan): void {
    const left = (this.#pending[view.index] ?? 0) - 1;
    this.#pending[view.index] = left;
    if (left === 0) this.#viewDone(view);
  }

  #viewDone(view: ViewPlan): void {
    const { group } = view;
    if (group === null) {
      if (this.onWhole) this.onWhole();
      else if (this.branch && this.plan.parentField) {
        this.branch.parent.belowDone(this.plan.parentField, view.index);
      }
      return;
    }
    if (group.kind === 'entry') this.run.merges.request(this, group, view);
    else {
      this.run.push(() => {
        const rows = buildRows(this, view.index);
        this.startGroup(group, { rows, index: null, errors: null });
      });
    }
  }
}
