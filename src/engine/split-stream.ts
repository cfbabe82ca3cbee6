import { columnOf } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';

/** Cuts streamed lists: what is beyond their beginning runs by itself. */
export function splitStream(level: LevelRun, field: FieldPlan, raw: unknown[]): void {
  const { execution, onStream } = level.run;
  const [use, another] = field.uses;
  const stream = use?.stream;
  if (!use || !stream || another || !onStream || field.wrap.item === null) return;
  if (!execution.condition(stream.condition)) return;
  const count = Math.max(0, stream.initialCount(execution.scope(0)));
  const rest = columnOf(raw.length).fill(null);
  const starts = raw.map(() => count);
  for (let row = 0; row < raw.length; row++) {
    const value = raw[row];
    if (!Array.isArray(value) || value.length <= count) continue;
    const list: readonly unknown[] =
      field.step.kind === 'remote' && execution.remoteFaults
        ? value.map((one: unknown, at) => execution.remoteFaults?.at(value, at) ?? one)
        : value;
    raw[row] = list.slice(0, count);
    rest[row] = list.slice(count);
  }
  if (rest.some((one) => one !== null)) {
    onStream(level, use, { label: stream.label, raw: rest, starts });
  }
}
