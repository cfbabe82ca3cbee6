import { columnOf } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan, LevelPlan } from './plan.ts';

/**
 * The view whose key decides all that is asked of a level; -1 where rows with equal keys may
 * differ.
 */
export function collapsibleBy({ groups, patches }: LevelPlan): number {
  const [source, ...others] = groups;
  if (!source || patches.length > 0) return -1;
  const view = others[0]?.view;
  if (!view || others.some((group) => group.kind !== 'entry')) return -1;
  const keyed = new Set(view.uses.map((use) => use.field));
  const plain = view.uses.every((use) => use.field.serialize && use.condition === 0);
  const leaves = source.fields.every(
    (field) =>
      field.checks.length === 0 &&
      ((keyed.has(field) && !field.wrap.item) || field.step.kind === 'typename'),
  );
  const fromSource = others.every(({ view: key }) =>
    key?.uses.every((use) => use.field.group === source),
  );
  return plain && leaves && fromSource ? view.index : -1;
}

/**
 * Lets one row stand for all rows with the same key, where the key decides all that is asked.
 * Leaves the level as it is when a key is not a plain value.
 */
export function collapseRows(level: LevelRun): void {
  const { plan, rows } = level;
  if (level.run.execution.remoteFaults) return;
  const view = plan.views[plan.collapseBy];
  const names = view?.uses.map(({ field }) => propertyOf(field));
  if (!names || names.length === 0 || names.includes(null)) return;
  if (plan.groups[0]?.fields.some((field) => propertyOf(field) === null)) return;
  const known = new Map<unknown, number>();
  const collapsed = columnOf<number>(rows.length).fill(0);
  const unique: unknown[] = [];
  const [first] = names;
  for (let row = 0; row < rows.length; row++) {
    const source = rows[row] as Record<string, unknown>;
    let key: unknown = source[first as string];
    if (!isPlain(key)) return;
    for (let index = 1; index < names.length; index++) {
      const name = names[index] as string;
      if (name === '') continue;
      const more = source[name];
      if (!isPlain(more)) return;
      key = `${typeof key}:${String(key).length}:${String(key)} ${typeof more}:${String(more)}`;
    }
    let at = known.get(key);
    if (at === undefined) {
      at = unique.push(source) - 1;
      known.set(key, at);
    }
    collapsed[row] = at;
  }
  level.rows = unique;
  level.collapsed = collapsed;
}

/** The property that a field reads; '' for `__typename`, null when it does more than read. */
function propertyOf({ step }: FieldPlan): string | null {
  if (step.kind === 'property') return step.name;
  if (step.kind === 'remote') return step.alias;
  return step.kind === 'typename' ? '' : null;
}

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';
