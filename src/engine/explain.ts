import { print } from 'graphql';
import type { FieldPlan, GroupPlan, LevelPlan, PlanBody } from './plan.ts';

/** A plan as indented text: what each subschema is asked for, by which key and entry. */
export function explainPlan(body: PlanBody): string {
  const lines: string[] = [];
  const name = body.operation.name ? ` ${body.operation.name.value}` : '';
  lines.push(`${body.operation.operation}${name}`);
  for (const root of body.roots) explainLevel(root, 1, lines);
  return lines.join('\n');
}

function explainLevel(level: LevelPlan, depth: number, lines: string[]): void {
  for (const group of level.groups) {
    if (group.fields.length === 0) continue;
    lines.push(`${'  '.repeat(depth)}${heading(level, group)}`);
    for (const field of group.fields) explainField(field, depth + 1, lines);
  }
  for (const patch of level.patches) {
    lines.push(`${'  '.repeat(depth)}later${patch.label ? ` "${patch.label}"` : ''}`);
    explainLevel(patch.level, depth + 1, lines);
  }
}

function heading(
  level: LevelPlan,
  { kind, place, entry, view, fields, remote }: GroupPlan,
): string {
  const type = level.type.name;
  const key = view ? ` {${view.uses.map((use) => ` ${use.key}`).join('')} }` : '';
  const document = remote ? `: ${remote.text.replace(/\s+/g, ' ')}` : '';
  switch (kind) {
    case 'entry':
      return `${type} from ${place.name} by${key} through ${entry?.fieldName ?? ''}${document}`;
    case 'derived':
      return `${type}.${fields[0]?.name ?? ''} derived${key === '' ? '' : ` from${key}`}`;
    case 'root':
      return `${type} of ${place.name}${document}`;
    case 'nowhere':
      return `${type}: out of reach`;
    default:
      return `${type} in ${place.name}`;
  }
}

function explainField(field: FieldPlan, depth: number, lines: string[]): void {
  const args = (field.node.arguments ?? []).map((argument) => print(argument)).join(', ');
  const inner = field.uses.every(({ view }) => view.group !== null) ? ' (needed)' : '';
  const how = field.step.kind === 'column' ? ' (one call)' : '';
  lines.push(`${'  '.repeat(depth)}${field.name}${args ? `(${args})` : ''}${how}${inner}`);
  for (const child of field.children.values()) explainLevel(child, depth + 1, lines);
}
