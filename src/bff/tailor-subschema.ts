import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLArgumentConfig,
  type GraphQLFieldConfig,
  GraphQLInterfaceType,
  type GraphQLNamedType,
  GraphQLObjectType,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLScalarType,
  GraphQLUnionType,
  type GraphQLSchema,
  type GraphQLTypeResolver,
  isAbstractType,
  isSpecifiedScalarType,
} from 'graphql';
import type { MergeOptions } from '../subschema/merge-keys.ts';
import type { Tailor } from './define-bff.ts';

/**
 * A copy of a subschema's schema under this client's names and argument defaults. Resolvers stay
 * as they are; those that read a property by the field's name keep reading the old one.
 */
export function tailorSchema(schema: GraphQLSchema, tailor: Required<Tailor>): GraphQLSchema {
  if (Object.keys(tailor.rename).length + Object.keys(tailor.defaults).length === 0) return schema;
  return mapSchema(schema, {
    [MapperKind.COMPOSITE_FIELD]: (config, fieldName, typeName) => {
      const field = withDefaults(config, `${typeName}.${fieldName}`, tailor);
      const renamed = tailor.rename[`${typeName}.${fieldName}`];
      return renamed === undefined ? field : [renamed, readingProperty(field, fieldName)];
    },
    [MapperKind.TYPE]: (type) => renamedType(type, tailor.rename),
  });
}

/** Merge options under this client's names. */
export function tailorMerge(
  merge: Readonly<Record<string, MergeOptions>>,
  tailor: Required<Tailor>,
): Record<string, MergeOptions> {
  const renamed: Record<string, MergeOptions> = {};
  for (const [typeName, options] of Object.entries(merge)) {
    renamed[tailor.rename[typeName] ?? typeName] = {
      key: options.key.replace(/\w+/g, (name) => tailor.rename[`${typeName}.${name}`] ?? name),
      entry: tailor.rename[`Query.${options.entry}`] ?? options.entry,
    };
  }
  return renamed;
}

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

function withDefaults(config: FieldConfig, at: string, tailor: Required<Tailor>): FieldConfig {
  const args: Record<string, GraphQLArgumentConfig> = {};
  let changed = false;
  for (const [name, argument] of Object.entries(config.args ?? {})) {
    const coordinate = `${at}.${name}`;
    const has = Object.hasOwn(tailor.defaults, coordinate);
    changed ||= has;
    args[name] = has
      ? { ...argument, defaultValue: tailor.defaults[coordinate], astNode: undefined }
      : argument;
  }
  return changed ? { ...config, args, astNode: undefined } : config;
}

function readingProperty(config: FieldConfig, property: string): FieldConfig {
  if (config.resolve && config.resolve !== defaultFieldResolver) return config;
  return {
    ...config,
    astNode: undefined,
    resolve: (source, args, context, info) =>
      defaultFieldResolver(source, args, context, { ...info, fieldName: property }),
    extensions: { ...config.extensions, tailorbird: { property } },
  };
}

function renamedType(
  type: GraphQLNamedType,
  rename: Readonly<Record<string, string>>,
): GraphQLNamedType | undefined {
  if (isSpecifiedScalarType(type)) return undefined;
  const name = rename[type.name];
  const resolveType = isAbstractType(type) ? renamedTypeResolver(type, rename) : undefined;
  if (name === undefined && resolveType === undefined) return undefined;
  const changes = { name: name ?? type.name, astNode: undefined, extensionASTNodes: [] };
  if (type instanceof GraphQLInterfaceType) {
    return new GraphQLInterfaceType({ ...type.toConfig(), ...changes, resolveType });
  }
  if (type instanceof GraphQLUnionType) {
    return new GraphQLUnionType({ ...type.toConfig(), ...changes, resolveType });
  }
  if (type instanceof GraphQLObjectType) {
    return new GraphQLObjectType({ ...type.toConfig(), ...changes });
  }
  if (type instanceof GraphQLEnumType)
    return new GraphQLEnumType({ ...type.toConfig(), ...changes });
  if (type instanceof GraphQLInputObjectType) {
    return new GraphQLInputObjectType({ ...type.toConfig(), ...changes });
  }
  return new GraphQLScalarType({ ...(type as GraphQLScalarType).toConfig(), ...changes });
}

/** Resolvers name types as the subschema does; null when no possible type has a new name. */
function renamedTypeResolver(
  type: GraphQLAbstractType,
  rename: Readonly<Record<string, string>>,
): GraphQLTypeResolver<unknown, unknown> | undefined {
  if (!Object.keys(rename).some((coordinate) => !coordinate.includes('.'))) return undefined;
  const original = type.resolveType ?? defaultTypeResolver;
  const clientName = (name: string | undefined) =>
    name === undefined ? name : (rename[name] ?? name);
  return (value, context, info, abstractType) => {
    const name = original(value, context, info, abstractType);
    return name && typeof name === 'object' ? name.then(clientName) : clientName(name);
  };
}
