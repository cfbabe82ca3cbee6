import { getNamedType, type GraphQLObjectType, isLeafType, isObjectType } from 'graphql';
import { type Branch, columnOf, Failure } from './column.ts';
import { compileChild } from './compile-level.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan, LevelPlan } from './plan.ts';

/** Hands the items of a column to the levels of their types. `types` is null when there is but one. */
export function descendTo(
  level: LevelRun,
  field: FieldPlan,
  branch: Branch,
  items: unknown[],
  types: readonly (string | Failure)[] | null,
): void {
  if (items.length === 0) return;
  const { graph } = level.run.execution.body;
  const stubs = field.group.place.gateway;
  if (types === null && !(stubs && graph.entries.has(field.named.name))) {
    const plan = childPlan(level, field, field.named.name, null);
    branch.levels.push(level.below(plan, branch, items));
    return;
  }
  const rowsByPlan = new Map<LevelPlan, unknown[]>();
  const plans: LevelPlan[] = [];
  const itemLevels = columnOf<number>(items.length).fill(0);
  const itemRows = columnOf<number>(items.length).fill(0);
  for (let item = 0; item < items.length; item++) {
    const type = types === null ? field.named.name : types[item];
    if (typeof type !== 'string') continue;
    const stub = stubs && graph.entries.has(type);
    const plan = childPlan(level, field, type, stub ? presentIn(level, type, items[item]) : null);
    let rows = rowsByPlan.get(plan);
    if (!rows) {
      rowsByPlan.set(plan, (rows = []));
      plans.push(plan);
    }
    itemLevels[item] = plans.indexOf(plan);
    itemRows[item] = rows.push(items[item]) - 1;
  }
  for (const plan of plans) {
    branch.levels.push(level.below(plan, branch, rowsByPlan.get(plan) ?? []));
  }
  if (plans.length > 1) branch.itemLevels = itemLevels;
  branch.itemRows = itemRows;
}

function childPlan(
  { run }: LevelRun,
  field: FieldPlan,
  typeName: string,
  present: ReadonlySet<string> | null,
): LevelPlan {
  const id = present === null ? typeName : `${typeName} ${[...present].join()}`;
  let plan = field.children.get(id);
  if (!plan) {
    const { body } = run.execution;
    const type = body.graph.schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is not an object type of the graph`);
    plan = compileChild(body, field, type, field.group.place, { present });
    field.children.set(id, plan);
  }
  return plan;
}

/** Which fields of its type an object of the gateway already has; the rest is fetched by its key. */
function presentIn(level: LevelRun, typeName: string, item: unknown): Set<string> {
  const type = level.run.execution.body.graph.schema.getType(typeName) as GraphQLObjectType;
  const present = new Set<string>();
  if (typeof item !== 'object' || item === null) return present;
  for (const [name, field] of Object.entries(type.getFields())) {
    const value = (item as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (value === null && !isLeafType(getNamedType(field.type))) continue;
    present.add(name);
  }
  return present;
}
