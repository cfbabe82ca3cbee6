import { type GraphQLOutputType, isListType, isNonNullType } from 'graphql';

/** The lists and non-nulls around a named type, outermost first. */
export interface Wrap {
  readonly nonNull: boolean;
  /** Of a list: how its items are wrapped. */
  readonly item: Wrap | null;
}

export function wrapOf(type: GraphQLOutputType): Wrap {
  const nonNull = isNonNullType(type);
  const inner = nonNull ? (type.ofType as GraphQLOutputType) : type;
  return { nonNull, item: isListType(inner) ? wrapOf(inner.ofType as GraphQLOutputType) : null };
}
