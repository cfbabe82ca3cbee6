import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  GraphQLInt,
  getNullableType,
  type ValueNode,
} from 'graphql';
import type { Limits } from '../../limits.ts';
import { declaredCost } from './field-cost.ts';
import { type Reading, type Variables, valueOf } from './variable-reads.ts';

/** How many values a list has. */
export interface Size {
  readonly length: number | ((variables: Variables) => number);
  /** Whether it is a page's size, which has a limit of its own. */
  readonly isPage: boolean;
}

/**
 * The size that a field declares or that its `first` and `last` ask for, the larger of the two;
 * null for a field that has neither. A page of no stated size counts as a full one.
 */
export function listSizeOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  read: (value: ValueNode) => Reading,
  limits: Limits,
): Size | null {
  const declared = declaredCost(field)?.listSize;
  if (typeof declared === 'number') return { length: declared, isPage: false };
  const sizing = field.args.filter(({ name, type }) =>
    declared === undefined
      ? (name === 'first' || name === 'last') && getNullableType(type) === GraphQLInt
      : name === declared,
  );
  if (sizing.length === 0) return null;
  const readings = sizing.map((argument) => readingOf(argument, node, read));
  const isPage = sizing.every(({ type }) => getNullableType(type) === GraphQLInt);
  const length = (variables: Variables) => {
    let largest = -1;
    for (const [reading, fallback] of readings) {
      const given = valueOf(reading, variables);
      const size = sizeOf(given === undefined ? fallback : given);
      if (size > largest) largest = size;
    }
    return largest < 0 ? limits.pageSize : largest;
  };
  const isFixed = readings.every(([reading]) => 'fixed' in reading);
  return { isPage, length: isFixed ? length({}) : length };
}

function readingOf(
  argument: GraphQLArgument,
  node: FieldNode,
  read: (value: ValueNode) => Reading,
): readonly [Reading, unknown] {
  const given = node.arguments?.find(({ name }) => name.value === argument.name);
  return [given ? read(given.value) : { fixed: undefined }, argument.defaultValue];
}

/** -1 where nothing is said. */
function sizeOf(value: unknown): number {
  if (typeof value === 'number') return Math.max(0, value);
  if (Array.isArray(value)) return value.length;
  // A single value stands for a list of one.
  return value === undefined || value === null ? -1 : 1;
}
