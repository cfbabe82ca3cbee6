import {
  type DocumentNode,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type ValueNode,
  visit,
} from 'graphql';
import type { Variables } from './variable-reads.ts';

/** Counts the items of an operation's input lists. */
export interface InputCount {
  /** Most items that one argument or one variable has. */
  count(variables: Variables): number;
  /** Whether no variable's value can go on and on. */
  readonly isFixed: boolean;
}

/** Lists written into the document are counted here, once; variables that can hold one, per request. */
export function createInputCount(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): InputCount {
  let written = 0;
  visit(document, {
    Argument({ value }) {
      written = Math.max(written, writtenItems(value));
      return false;
    },
    VariableDefinition({ defaultValue }) {
      if (defaultValue) written = Math.max(written, writtenItems(defaultValue));
      return false;
    },
  });
  const names = (operation.variableDefinitions ?? []).flatMap(({ variable, type }) => {
    const known = typeFromAST(schema, type as Parameters<typeof typeFromAST>[1]);
    return known && isInputType(known) && isOpenEnded(known, new Set())
      ? [variable.name.value]
      : [];
  });
  return {
    isFixed: names.length === 0,
    count(variables) {
      let most = written;
      for (const name of names) most = Math.max(most, items(variables[name]));
      return most;
    },
  };
}

const openEnded = new WeakMap<GraphQLInputObjectType, boolean>();

/** Whether a value of this type can go on and on: it holds a list, or another of its own type. */
function isOpenEnded(type: GraphQLInputType, around: ReadonlySet<string>): boolean {
  if (isNonNullType(type)) return isOpenEnded(type.ofType, around);
  if (isListType(type)) return true;
  if (!isInputObjectType(type)) return false;
  if (around.has(type.name)) return true;
  const known = openEnded.get(type);
  if (known !== undefined) return known;
  const inside = new Set([...around, type.name]);
  const found = Object.values(type.getFields()).some((field) => isOpenEnded(field.type, inside));
  openEnded.set(type, found);
  return found;
}

function writtenItems(value: ValueNode): number {
  if (value.kind === 'ListValue') {
    return value.values.reduce((sum, item) => sum + 1 + writtenItems(item), 0);
  }
  if (value.kind === 'ObjectValue') {
    return value.fields.reduce((sum, field) => sum + writtenItems(field.value), 0);
  }
  return 0;
}

/** Values nested deeper than this count as endless. */
const deepest = 100;

function items(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > deepest) return Number.POSITIVE_INFINITY;
  let sum = 0;
  if (Array.isArray(value)) for (const item of value) sum += 1 + items(item, depth + 1);
  else for (const field of Object.values(value)) sum += items(field, depth + 1);
  return sum;
}
