import { type ColumnRun, columnOf } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { Use } from './plan.ts';
import type { Wrap } from './wrap.ts';

type Row = Record<string, unknown> | null;

/**
 * The rows of a level as one of its views reads them: plain objects, or null where a value that
 * must not be null is. A view that is needs keeps its rows: their readers judge for themselves.
 */
export function buildRows(level: LevelRun, view: number): Row[] {
  const known = level.built[view];
  if (known) return known as Row[];
  const uses = level.activation.outputs[view] ?? [];
  const keepsRows =
    level.plan.views[view]?.group !== null && level.plan.views[view]?.group !== undefined;
  const width = uses.length;
  const keys = uses.map(({ key }) => key);
  const columns = uses.map((use) => (level.useValues[use.index] = valuesOf(level, use)));
  const indexes = uses.map((use) => level.groups[use.field.group.index]?.index ?? null);
  const strict = uses.map(({ field }) => field.wrap.nonNull && !keepsRows);
  const safe = !keys.includes('__proto__');
  const rows = columnOf<Row>(level.rows.length);
  for (let row = 0; row < rows.length; row++) {
    let object: Row = {};
    for (let at = 0; at < width; at++) {
      const index = indexes[at];
      const position = index ? (index[row] as number) : row;
      const value = position < 0 ? null : (columns[at] as unknown[])[position];
      if (value === null && strict[at]) {
        object = null;
        break;
      }
      const key = keys[at] as string;
      if (safe) object[key] = value;
      else {
        Object.defineProperty(object, key, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
    }
    rows[row] = object;
  }
  level.built[view] = rows;
  return rows;
}

/** A column's output values as one use reads them, per row of the field's group. */
function valuesOf(level: LevelRun, use: Use): readonly unknown[] {
  const column = level.columns[use.field.index];
  if (!column) return [];
  if (column.branch === null) return column.values;
  const { wrap } = use.field;
  const number = use.field.uses.indexOf(use);
  const item = itemReader(column, number);
  const values = columnOf(column.values.length);
  for (let row = 0; row < values.length; row++) {
    const skeleton = column.values[row];
    values[row] =
      skeleton === null
        ? null
        : typeof skeleton === 'number'
          ? item(skeleton)
          : list(skeleton as unknown[], wrap, item);
  }
  return values;
}

function itemReader({ branch }: ColumnRun, view: number): (item: number) => unknown {
  if (!branch) return () => null;
  const built = branch.levels.map((level) => buildRows(level, view));
  const [only] = branch.levels;
  if (branch.itemRows === null && only) {
    const [rows] = built;
    const { collapsed } = only;
    if (collapsed === null) return (item) => rows?.[item] ?? null;
    return (item) => rows?.[collapsed[item] as number] ?? null;
  }
  return (item) => {
    const index = branch.itemLevels === null ? 0 : (branch.itemLevels[item] as number);
    const level = branch.levels[index];
    return level ? (built[index]?.[branch.rowOf(item, level)] ?? null) : null;
  };
}

function list(skeleton: unknown[], wrap: Wrap, item: (item: number) => unknown): unknown[] | null {
  const inner = wrap.item;
  const values = columnOf(skeleton.length);
  for (let index = 0; index < values.length; index++) {
    const one = skeleton[index];
    const value =
      one === null
        ? null
        : typeof one === 'number'
          ? item(one)
          : list(one as unknown[], inner as Wrap, item);
    if (value === null && inner?.nonNull) return null;
    values[index] = value;
  }
  return values;
}
