import { buildRows } from './assemble.ts';
import type { LevelRun } from './level-run.ts';
import type { ViewPlan } from './plan.ts';

/** Reads the keys of a level's rows. */
export interface KeyReader {
  /** Equal for rows with equal keys. */
  id(row: number): unknown;
  source(row: number): Record<string, unknown>;
  missing(source: Record<string, unknown>): boolean;
}

/** Reads the keys of a level: without making an object per row where the key is one leaf. */
export function keyReader(level: LevelRun, view: ViewPlan): KeyReader {
  const uses = level.activation.outputs[view.index] ?? [];
  const typeName = level.plan.type.name;
  const missing = (source: Record<string, unknown>) =>
    uses.every(({ key }) => source[key] === null || source[key] === undefined);
  const real = uses.filter(({ field }) => field.step.kind !== 'typename');
  const [only] = real;
  if (real.length === 1 && only && only.field.serialize && !only.field.wrap.item) {
    const values = level.columns[only.field.index]?.values ?? [];
    const indexed = level.groups[only.field.group.index]?.index ?? null;
    const at = (row: number): unknown => {
      const position = indexed ? (indexed[row] ?? -1) : row;
      return position < 0 ? null : values[position];
    };
    const id = (row: number) => {
      const value = at(row);
      return typeof value === 'object' ? `json ${JSON.stringify(value)}` : value;
    };
    const source = (row: number) => ({ __typename: typeName, [only.key]: at(row) });
    return { id, source, missing };
  }
  const rows = buildRows(level, view.index);
  const id = (row: number) => JSON.stringify(rows[row]);
  const source = (row: number) => ({ __typename: typeName, ...rows[row] });
  return { id, source, missing };
}
