import { print } from 'graphql';
import type { Graph } from './graph.ts';
import type { FieldPlan, GroupPlan, LevelPlan, PlanBody } from './plan.ts';

/** A plan as indented text: what each subschema is asked for, by which key and entry. */
export function explainPlan(body: PlanBody): string {
  const lines: string[] = [];
  const name = body.operation.name ? ` ${body.operation.name.value}` : '';
  lines.push(`${body.operation.operation}${name}`);
  for (const root of body.roots) explainLevel(body.graph, root, 1, lines);
  return lines.join('\n');
}

function explainLevel(graph: Graph, level: LevelPlan, depth: number, lines: string[]): void {
  for (const group of level.groups) {
    if (group.fields.length === 0) continue;
    lines.push(`${'  '.repeat(depth)}${heading(level, group)}`);
    for (const field of group.fields) explainField(graph, field, depth + 1, lines);
  }
  for (const patch of level.patches) {
    lines.push(`${'  '.repeat(depth)}later${patch.label ? ` "${patch.label}"` : ''}`);
    explainLevel(graph, patch.level, depth + 1, lines);
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

function explainField(graph: Graph, field: FieldPlan, depth: number, lines: string[]): void {
  const args = (field.node.arguments ?? []).map((argument) => print(argument)).join(', ');
  const inner = field.uses.every(({ view }) => view.group !== null) ? ' (needed)' : '';
  const how = field.step.kind === 'column' ? ' (one call)' : '';
  const rules = graph.rules.of(field.level.type.name, field.name).map(({ name }) => name);
  if (field.checks.length > 0) rules.push('its parent');
  const who = rules.length === 0 ? '' : ` (asks for ${rules.join(', ')})`;
  lines.push(`${'  '.repeat(depth)}${field.name}${args ? `(${args})` : ''}${how}${inner}${who}`);
  for (const child of field.children.values()) explainLevel(graph, child, depth + 1, lines);
}
