import type { GraphQLResolveInfo } from 'graphql';
import { buildRows } from './assemble.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';

type Path = GraphQLResolveInfo['path'];

/** Where a row stands below its parent: the parent's row, and positions in lists. */
export interface Site {
  readonly parentRow: number;
  readonly positions: readonly number[];
}

const known = new WeakMap<LevelRun, readonly Site[][]>();

/** Every place that each row of a level has below its parent level's rows. */
export function sitesOf(level: LevelRun): readonly Site[][] {
  const cached = known.get(level);
  if (cached) return cached;
  const sites: Site[][] = level.rows.map(() => []);
  const { branch } = level;
  const field = level.plan.parentField;
  const column = field ? branch?.parent.columns[field.index] : undefined;
  const group = field ? branch?.parent.groups[field.group.index] : undefined;
  if (branch && column && group) {
    const visit = (value: unknown, parentRow: number, positions: readonly number[]): void => {
      if (typeof value === 'number') {
        if (branch.levelOf(value) === level) {
          sites[branch.rowOf(value, level)]?.push({ parentRow, positions });
        }
      } else if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++) {
          visit(value[index], parentRow, [...positions, index]);
        }
      }
    };
    for (let row = 0; row < branch.parent.rows.length; row++) {
      const at = group.index === null ? row : (group.index[row] ?? -1);
      if (at >= 0) visit(column.values[at], row, []);
    }
  }
  known.set(level, sites);
  return sites;
}

/** The first place of a row in the answer, as resolvers read it. */
export function firstPath(run: LevelRun, row: number): Path | undefined {
  const level = run.origin?.level ?? run;
  const field = level.plan.parentField;
  if (!level.branch || !field) return undefined;
  const site = sitesOf(level)[row]?.[0];
  const parent = level.branch.parent;
  let path: Path = {
    prev: firstPath(parent, site?.parentRow ?? 0),
    key: field.uses[0]?.key ?? field.name,
    typename: parent.plan.type.name,
  };
  for (const position of site?.positions ?? []) {
    path = { prev: path, key: position, typename: undefined };
  }
  return path;
}

/** Per row: its paths in the answer that are not null there, as one view reads the level. */
export function livePaths(level: LevelRun, view: number): (string | number)[][][] {
  if (level.origin) return livePaths(level.origin.level, level.origin.view);
  const field = level.plan.parentField;
  const use = field?.uses[view];
  const built = buildRows(level, view);
  if (!level.branch || !field || !use) return built.map((row) => (row === null ? [] : [[]]));
  const { parent } = level.branch;
  const above = livePaths(parent, use.view.index);
  const rows = buildRows(parent, use.view.index);
  // The rest of a streamed list stands where its beginning does, if that was not carried away.
  const { origin } = parent;
  const begun = parent.starts && origin ? buildRows(origin.level, origin.view) : rows;
  return sitesOf(level).map((sites) =>
    sites.flatMap(({ parentRow, positions }) => {
      if (!begun[parentRow]?.[use.key]) return [];
      let value: unknown = rows[parentRow]?.[use.key];
      for (const position of positions) value = (value as unknown[] | null)?.[position];
      if (value === null || value === undefined) return [];
      const [first, ...more] = positions;
      const places =
        first === undefined ? [] : [first + offsetOf(parent, parentRow, field), ...more];
      return (above[parentRow] ?? []).map((path) => [...path, use.key, ...places]);
    }),
  );
}

/** How far the rest of a streamed list is from its beginning. */
function offsetOf(parent: LevelRun, row: number, field: FieldPlan): number {
  if (parent.starts === null) return 0;
  const index = parent.groups[field.group.index]?.index;
  return parent.starts[index ? (index[row] ?? 0) : row] ?? 0;
}
