import { columnOf } from './column.ts';
import type { LevelRun } from './level-run.ts';
import type { Use } from './plan.ts';
import type { Wrap } from './wrap.ts';

type Text = string | null;

/**
 * The rows of a level as JSON text, straight from its columns: what `buildRows` gives, without the
 * objects. A row that several places share is written once.
 */
export function writeRows(level: LevelRun, view: number): Text[] {
  const uses = level.activation.outputs[view] ?? [];
  const width = uses.length;
  const heads = uses.map(({ key }, at) => `${at === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  const columns = uses.map((use) => textsOf(level, use));
  const indexes = uses.map((use) => level.groups[use.field.group.index]?.index ?? null);
  const strict = uses.map(({ field }) => field.wrap.nonNull);
  const rows = columnOf<Text>(level.rows.length);
  for (let row = 0; row < rows.length; row++) {
    let text: Text = width === 0 ? '{' : '';
    for (let at = 0; at < width; at++) {
      const index = indexes[at];
      const position = index ? (index[row] as number) : row;
      const value = position < 0 ? null : (columns[at] as unknown[])[position];
      if (typeof value === 'string') text += (heads[at] as string) + value;
      else if (strict[at]) {
        text = null;
        break;
      } else text += `${heads[at] as string}null`;
    }
    rows[row] = text === null ? null : `${text}}`;
  }
  return rows;
}

/** A column's values as one use reads them, as text. */
function textsOf(level: LevelRun, use: Use): readonly Text[] {
  const column = level.columns[use.field.index];
  if (!column) return [];
  const { values, branch } = column;
  const texts = columnOf<Text>(values.length);
  if (branch === null) {
    for (let row = 0; row < texts.length; row++) texts[row] = leafText(values[row]);
    return texts;
  }
  const number = use.field.uses.indexOf(use);
  const written = branch.levels.map((below) => writeRows(below, number));
  const item = (position: number): Text => {
    const below = branch.levelOf(position);
    const rows = written[branch.itemLevels === null ? 0 : (branch.itemLevels[position] as number)];
    return rows?.[branch.rowOf(position, below)] ?? null;
  };
  const { wrap } = use.field;
  for (let row = 0; row < texts.length; row++) {
    const skeleton = values[row];
    texts[row] =
      skeleton === null
        ? null
        : typeof skeleton === 'number'
          ? item(skeleton)
          : listText(skeleton as unknown[], wrap.item as Wrap, item);
  }
  return texts;
}

function listText(skeleton: readonly unknown[], wrap: Wrap, item: (at: number) => Text): Text {
  let text = '[';
  for (let at = 0; at < skeleton.length; at++) {
    const one = skeleton[at];
    const value: Text =
      one === null
        ? null
        : typeof one === 'number'
          ? item(one)
          : listText(one as unknown[], wrap.item as Wrap, item);
    if (value === null && wrap.nonNull) return null;
    text += at === 0 ? (value ?? 'null') : `,${value ?? 'null'}`;
  }
  return `${text}]`;
}

function leafText(value: unknown): Text {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? null : (JSON.stringify(value) ?? null);
  }
}
