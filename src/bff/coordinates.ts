import {
  type GraphQLArgument,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { didYouMean } from '../nearest-name.ts';

/** A place in a schema, as the GraphQL specification's schema coordinates write it, with dots only. */
export interface Coordinate {
  readonly text: string;
  readonly typeName: string;
  /** A field, input field or enum value. */
  readonly member: string | null;
  readonly argument: string | null;
}

export function parseCoordinate(text: string, at: string): Coordinate {
  const [typeName, member = null, argument = null, ...rest] = text.split('.');
  if (!typeName || rest.length > 0 || member === '' || argument === '') {
    throw new Error(
      `${at}: "${text}" is not a coordinate; write Type, Type.field, Type.field.argument or Enum.VALUE`,
    );
  }
  return { text, typeName, member, argument };
}

/** Fails with the nearest name when none of the schemas has what `coordinate` names. */
export function assertExists(
  coordinate: Coordinate,
  schemas: readonly GraphQLSchema[],
  at: string,
): void {
  const gap = missing(coordinate, schemas);
  if (gap === null) return;
  throw new Error(
    `${at} names "${coordinate.text}", but no subschema of this bff has the ${gap.what} "${gap.name}".${didYouMean(gap.name, gap.names)}`,
  );
}

/** Whether one of the schemas has what `coordinate` names. */
export function exists(coordinate: Coordinate, schemas: readonly GraphQLSchema[]): boolean {
  return missing(coordinate, schemas) === null;
}

interface Gap {
  readonly what: string;
  readonly name: string;
  /** What there is instead. */
  readonly names: readonly string[];
}

/** The first part of `coordinate` that none of the schemas has. */
function missing(coordinate: Coordinate, schemas: readonly GraphQLSchema[]): Gap | null {
  const { typeName, member, argument } = coordinate;
  const having = schemas.filter((schema) => schema.getType(typeName));
  if (having.length === 0) {
    const names = schemas.flatMap((schema) => Object.keys(schema.getTypeMap()));
    return { what: 'type', name: typeName, names };
  }
  if (member === null) return null;
  const members = having.flatMap((schema) => memberNames(schema, typeName));
  if (!members.includes(member)) return { what: 'field or value', name: member, names: members };
  if (argument === null) return null;
  const names = having.flatMap((schema) =>
    fieldArguments(schema, coordinate).map(({ name }) => name),
  );
  return names.includes(argument) ? null : { what: 'argument', name: argument, names };
}

/** The argument that `coordinate` names, in the first schema that has it. */
export function argumentAt(
  coordinate: Coordinate,
  schemas: readonly GraphQLSchema[],
): GraphQLArgument | null {
  for (const schema of schemas) {
    const found = fieldArguments(schema, coordinate).find(
      ({ name }) => name === coordinate.argument,
    );
    if (found) return found;
  }
  return null;
}

function fieldArguments(schema: GraphQLSchema, coordinate: Coordinate): readonly GraphQLArgument[] {
  const type = schema.getType(coordinate.typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return type.getFields()[coordinate.member ?? '']?.args ?? [];
}

function memberNames(schema: GraphQLSchema, typeName: string): string[] {
  const type = schema.getType(typeName);
  if (isEnumType(type)) return type.getValues().map((value) => value.name);
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
    return Object.keys(type.getFields());
  }
  return [];
}
