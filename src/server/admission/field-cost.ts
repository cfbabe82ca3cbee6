import {
  getNullableType,
  type GraphQLField,
  GraphQLInt,
  type GraphQLSchema,
  isInterfaceType,
  isListType,
  isObjectType,
} from 'graphql';
import { didYouMean } from '../../nearest-name.ts';

/** What a field may say of its cost: `extensions: { cost: { points: 5, listSize: 'ids' } }`. */
export interface FieldCost {
  /** Points of each of its values. @default 1 for an object, 0 for a leaf, 10 for a mutation */
  readonly points?: number;
  /**
   * How many values it has: a number; or the name of its argument that says so, by its value for
   * Int and by its length for a list. @default `first` or `last`; `limits.assumedListSize` without
   */
  readonly listSize?: number | string;
}

export function declaredCost(field: GraphQLField<unknown, unknown>): FieldCost | undefined {
  return field.extensions['cost'] as FieldCost | undefined; // as `checkFieldCosts` found it at boot
}

/** Fails: Error that names the field, the rule and the nearest name, for the first wrong `cost`. */
export function checkFieldCosts(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.extensions['cost'] === undefined) continue;
      const problem = problemOf(field, field.extensions['cost']);
      if (problem) throw new Error(`${type.name}.${field.name}: extensions.cost${problem}`);
    }
  }
}

function problemOf(field: GraphQLField<unknown, unknown>, cost: unknown): string | null {
  if (typeof cost !== 'object' || cost === null) return ' must be { points?, listSize? }';
  const names = ['points', 'listSize'];
  const unknown = Object.keys(cost).find((name) => !names.includes(name));
  if (unknown !== undefined) return ` has "${unknown}".${didYouMean(unknown, names)}`;
  const { points, listSize } = cost as { points?: unknown; listSize?: unknown };
  if (points !== undefined && !isCount(points)) return '.points must be a number from 0';
  if (listSize === undefined || isCount(listSize)) return null;
  if (typeof listSize !== 'string')
    return '.listSize must be a number from 0 or an argument’s name';
  const argument = field.args.find(({ name }) => name === listSize);
  if (!argument) {
    const known = field.args.map(({ name }) => name);
    return `.listSize names the argument "${listSize}", which is not there.${didYouMean(listSize, known)}`;
  }
  const type = getNullableType(argument.type);
  if (type === GraphQLInt || isListType(type)) return null;
  return `.listSize names the argument "${listSize}", which is ${argument.type}; it must be Int or a list`;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}
