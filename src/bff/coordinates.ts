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
  const having = schemas.filter((schema) => schema.getType(coordinate.typeName));
  if (having.length === 0) {
    const names = schemas.flatMap((schema) => Object.keys(schema.getTypeMap()));
    throw unknown(coordinate, at, 'type', coordinate.typeName, names);
  }
  if (coordinate.member === null) return;
  const members = having.flatMap((schema) => memberNames(schema, coordinate.typeName));
  if (!members.includes(coordinate.member)) {
    throw unknown(coordinate, at, 'field or value', coordinate.member, members);
  }
  if (coordinate.argument === null) return;
  const names = having.flatMap((schema) =>
    fieldArguments(schema, coordinate).map((argument) => argument.name),
  );
  if (!names.includes(coordinate.argument)) {
    throw unknown(coordinate, at, 'argument', coordinate.argument, names);
  }
}

export function fieldArguments(
  schema: GraphQLSchema,
  coordinate: Coordinate,
): readonly GraphQLArgument[] {
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

function unknown(
  coordinate: Coordinate,
  at: string,
  what: string,
  name: string,
  names: readonly string[],
): Error {
  return new Error(
    `${at} names "${coordinate.text}", but no subschema of this bff has the ${what} "${name}".${didYouMean(name, names)}`,
  );
}
