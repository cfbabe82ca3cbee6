import type { OperationDefinitionNode, SelectionNode, ValueNode } from 'graphql';

/** As the client sent them. The engine coerces them; here a value of the wrong type reads as none. */
export type Variables = Readonly<Record<string, unknown>>;

/** A value known when the operation is planned, or one that each request's variables decide. */
export type Reading =
  | { readonly fixed: unknown }
  | { readonly variable: string; readonly fallback: unknown };

/** One `@skip` or `@include` that a variable decides. */
export interface Guard {
  readonly variable: string;
  readonly fallback: unknown;
  /** What it has to be. */
  readonly wanted: boolean;
}

/** Reads values of an operation's document, variables with the defaults that it gives them. */
export function readerFor(operation: OperationDefinitionNode): (node: ValueNode) => Reading {
  const defaults = new Map<string, unknown>();
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) defaults.set(variable.name.value, literal(defaultValue));
  }
  return (node) =>
    node.kind === 'Variable'
      ? { variable: node.name.value, fallback: defaults.get(node.name.value) }
      : { fixed: literal(node) };
}

/** What a reading is for one request; undefined where the request says nothing. */
export function valueOf(reading: Reading, variables: Variables): unknown {
  if ('fixed' in reading) return reading.fixed;
  const value = variables[reading.variable];
  return value === undefined ? reading.fallback : value;
}

/** What decides whether a selection is asked for; null when it never is. */
export function guardsOf(
  selection: SelectionNode,
  read: (node: ValueNode) => Reading,
): readonly Guard[] | null {
  if (!selection.directives?.length) return noGuards;
  const guards: Guard[] = [];
  for (const { name, arguments: args } of selection.directives) {
    if (name.value !== 'skip' && name.value !== 'include') continue;
    const condition = args?.find((argument) => argument.name.value === 'if');
    if (!condition) continue;
    const wanted = name.value === 'include';
    const reading = read(condition.value);
    if ('fixed' in reading) {
      if (reading.fixed !== wanted) return null;
    } else guards.push({ ...reading, wanted });
  }
  return guards;
}

/** Whether every one of them lets the selection through. */
export function allHold(guards: readonly Guard[], variables: Variables): boolean {
  for (const { variable, fallback, wanted } of guards) {
    if ((variables[variable] ?? fallback) !== wanted) return false;
  }
  return true;
}

const noGuards: readonly Guard[] = [];

/** A literal's value as far as sizes need it: numbers, booleans, null, and lists by their items. */
function literal(node: ValueNode): unknown {
  switch (node.kind) {
    case 'IntValue':
    case 'FloatValue':
      return Number(node.value);
    case 'BooleanValue':
      return node.value;
    case 'NullValue':
      return null;
    case 'ListValue':
      return node.values.map(literal);
    case 'ObjectValue':
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, literal(value)]));
    case 'StringValue':
    case 'EnumValue':
      return node.value;
    case 'Variable':
      return undefined;
  }
}
