import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { didYouMean } from '../nearest-name.ts';
import type { HouseScopes } from './auth-scopes.ts';

/** What a type or field asks of who reads it; all of it must hold. */
export interface ScopeMap extends Partial<HouseScopes> {
  readonly $all?: ScopeMap;
  readonly $any?: ScopeMap;
}

/** By coordinate: `Query.me`, or `Traveller` for all of its fields. */
export type CoordinateScopes = Readonly<Record<string, ScopeMap>>;

/**
 * The same schema, whose types and fields declare these scopes as well. For schemas that are not
 * Pothos', such as a GraphQL backend's. Fails with the nearest name for what is not in it.
 */
export function withScopes(
  schema: GraphQLSchema,
  authScopes: CoordinateScopes,
  at: string,
): GraphQLSchema {
  const left = new Set(Object.keys(authScopes));
  if (left.size === 0) return schema;
  const scoped = <Config extends { extensions?: object | null }>(
    coordinate: string,
    config: Config,
  ): Config | undefined => {
    const scopes = authScopes[coordinate];
    if (scopes === undefined) return undefined;
    left.delete(coordinate);
    const extensions = { ...config.extensions, tailorbirdAuth: { authScopes: scopes } };
    return { ...config, extensions };
  };
  const declared = mapSchema(schema, {
    [MapperKind.COMPOSITE_FIELD]: (config, fieldName, typeName) =>
      scoped(`${typeName}.${fieldName}`, config),
    [MapperKind.OBJECT_TYPE]: (type) => {
      const config = scoped(type.name, type.toConfig());
      return config && new GraphQLObjectType(config);
    },
    [MapperKind.INTERFACE_TYPE]: (type) => {
      const config = scoped(type.name, type.toConfig());
      return config && new GraphQLInterfaceType(config);
    },
  });
  const [stranger] = left;
  if (stranger === undefined) return declared;
  const names = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type)
      ? [type.name, ...Object.keys(type.getFields()).map((name) => `${type.name}.${name}`)]
      : [],
  );
  throw new Error(
    `${at}: authScopes names "${stranger}", which is no object type, interface or field of it.${didYouMean(stranger, names)}`,
  );
}
