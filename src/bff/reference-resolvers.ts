import { batchDelegateToSchema } from '@graphql-tools/batch-delegate';
import type { MergedTypeConfig, SubschemaConfig } from '@graphql-tools/delegate';
import {
  execute,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql';
import type { ClientResolvers, DerivedField } from './lower-fields.ts';

/**
 * The same resolvers for an executor that knows nothing of `needs`: what `stitchSchemas` takes, so
 * that the stitched schema answers every operation under plain graphql-js. It is the reference
 * that the engine is tested against, and asks backends more often than the engine does.
 */
export function referenceResolvers(
  resolvers: ClientResolvers,
  subschemas: readonly SubschemaConfig[],
): ClientResolvers {
  const lowered: ClientResolvers = {};
  for (const [typeName, members] of Object.entries(resolvers)) {
    if (typeof (members as { serialize?: unknown }).serialize === 'function') {
      lowered[typeName] = members;
      continue;
    }
    lowered[typeName] = Object.fromEntries(
      Object.entries(members).map(([name, member]) => [
        name,
        name.startsWith('__') ? member : referenceResolver(typeName, member, subschemas),
      ]),
    );
  }
  return lowered;
}

type Resolve = (
  parent: unknown,
  args: Record<string, unknown>,
  context: unknown,
  info: GraphQLResolveInfo,
) => unknown;

function referenceResolver(
  typeName: string,
  member: unknown,
  subschemas: readonly SubschemaConfig[],
): unknown {
  if (typeof member === 'function') return completing(member as Resolve, subschemas);
  if (!isDerivedField(member)) return member;
  const { needs, selectionSet = '{ __typename }', resolve } = member;
  if (needs !== undefined) {
    const document = parse(needs);
    return completing(async (_parent, args, context, info) => {
      const { data } = await execute({
        schema: info.schema,
        document,
        variableValues: args,
        contextValue: context,
      });
      return resolve(data, args, context, info);
    }, subschemas);
  }
  const owner = mergeOwner(typeName, subschemas);
  if (!owner) return { selectionSet, resolve: completing(resolve as Resolve, subschemas) };
  return {
    selectionSet: owner.merge.selectionSet,
    resolve: completing(async (parent, args, context, info) => {
      const data = await needed(info.schema, owner.merge, selectionSet, parent, context);
      return resolve(data, args, context, info);
    }, subschemas),
  };
}

/** What `selectionSet` picks from the object that `parent` is, asked anew by its key. */
async function needed(
  schema: GraphQLSchema,
  merge: MergedTypeConfig,
  selectionSet: string,
  parent: unknown,
  context: unknown,
): Promise<unknown> {
  const entry = merge.fieldName ?? '';
  const variables = merge.argsFromKeys?.([merge.key?.(parent)]) ?? {};
  const [name] = Object.keys(variables);
  const entryField = schema.getQueryType()?.getFields()[entry];
  const type = entryField?.args.find((arg) => arg.name === name)?.type;
  const { data } = await execute({
    schema,
    document: parse(
      `query ($${name}: ${String(type)}) { found: ${entry}(${name}: $${name}) ${selectionSet} }`,
    ),
    variableValues: variables,
    contextValue: context,
  });
  return (data?.['found'] as unknown[] | null | undefined)?.[0] ?? {};
}

/** Completes key objects of a merged type, alone or in lists, by asking its entry. */
function completing(resolve: Resolve, subschemas: readonly SubschemaConfig[]): Resolve {
  return async (parent, args, context, info) => {
    const result = await resolve(parent, args, context, info);
    const type = getNamedType(info.returnType);
    const owner = isObjectType(type) ? mergeOwner(type.name, subschemas) : null;
    return owner ? complete(result, info.returnType, owner, context, info) : result;
  };
}

interface Owner {
  readonly subschema: SubschemaConfig;
  readonly merge: MergedTypeConfig;
}

function complete(
  value: unknown,
  type: GraphQLOutputType,
  owner: Owner,
  context: unknown,
  info: GraphQLResolveInfo,
): unknown {
  if (value === null || value === undefined || value instanceof Error) return value;
  if (isNonNullType(type)) return complete(value, type.ofType, owner, context, info);
  if (isListType(type)) {
    return Promise.all(
      (value as unknown[]).map((item) => complete(item, type.ofType, owner, context, info)),
    );
  }
  return batchDelegateToSchema({
    schema: owner.subschema,
    fieldName: owner.merge.fieldName,
    key: owner.merge.key?.(value),
    argsFromKeys: owner.merge.argsFromKeys,
    context: context as Record<string, unknown>,
    info,
  });
}

function mergeOwner(typeName: string, subschemas: readonly SubschemaConfig[]): Owner | null {
  for (const subschema of subschemas) {
    const merge = subschema.merge?.[typeName];
    if (merge?.fieldName) return { subschema, merge };
  }
  return null;
}

function isDerivedField(member: unknown): member is DerivedField {
  return typeof member === 'object' && member !== null && 'resolve' in member;
}
